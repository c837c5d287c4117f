"""google-api-python-client: builds itself from the discovery document."""

import json
import sys

from googleapiclient import discovery, errors

url, key, *bad_key = sys.argv[1:]


def build(developer_key):
    return discovery.build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=developer_key,
        discoveryServiceUrl=f"{url}/$discovery/rest?version=v1alpha1",
        static_discovery=False,
    )


def failure(call):
    try:
        call()
    except errors.HttpError as error:
        return {"status": error.status_code, "reason": error.reason, "details": error.error_details}
    raise AssertionError


comments = build(key).comments()
attributes = {"TOXICITY": {}, "INSULT": {}, "SPAM": {}}
text = "You are a stupid idiot. \U0001f600 Have a nice day."
answers = {
    "toxic": comments.analyze(
        body={
            "comment": {"text": text},
            "requestedAttributes": attributes,
            "languages": ["en"],
            "spanAnnotations": True,
            "clientToken": "t-1",
        }
    ).execute(),
    "harmless": comments.analyze(
        body={"comment": {"text": "Thank you, that explains it well."}, "requestedAttributes": attributes}
    ).execute(),
    "suggested": comments.suggestscore(
        body={"comment": {"text": text}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}
    ).execute(),
    "empty": failure(comments.analyze(body={"comment": {"text": ""}, "requestedAttributes": attributes}).execute),
    "bad_key": failure(lambda: build("wrong")),
}
print(json.dumps(answers))
