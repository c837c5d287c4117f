"""What a blog may rely on when it puts a policy or an engine on trial."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.core.models import Scope

PATH = "/v1/site/shadow"


def test_a_policy_on_trial_changes_no_decision_and_is_reported(client: TestClient, score: Callable[[], int]) -> None:
    put = client.put(PATH, json={"name": "no treaties", "policy": {"rejected_words": ["treaty"]}})
    posted = [client.post("/v1/comments", json={"text": text}).json()["id"] for text in ("A treaty.", "Thanks.")]
    score()

    report = client.get(f"{PATH}/report").json()

    assert (put.status_code, put.json()["policy"]) == (200, {"rejected_words": ["treaty"]})
    assert client.get(PATH).json() == put.json()
    assert {client.get(f"/v1/comments/{one}").json()["status"] for one in posted} == {"approved"}
    assert (report["name"], report["comments"]) == ("no treaties", 2)
    assert (report["both_publish"], report["only_live_publishes"]) == (1, 1)
    assert report["agreement"]["share"] == 0.5
    [different] = report["differences"]
    assert (different["comment_id"], different["live_decision"], different["shadow_decision"]) == (
        posted[0],
        "approve",
        "reject",
    )


def test_a_trial_ends_and_its_report_goes(client: TestClient) -> None:
    client.put(PATH, json={"name": "trial", "policy": {}})

    ended = client.delete(PATH)

    gone = [client.get(PATH), client.get(f"{PATH}/report"), client.delete(PATH)]
    assert ended.status_code == 204
    assert [answer.status_code for answer in gone] == [404, 404, 404]
    assert gone[0].json()["detail"] == "This site has no shadow."


def test_a_trial_is_the_site_s_own(client: TestClient, other_client: TestClient) -> None:
    client.put(PATH, json={"name": "trial", "policy": {}})

    assert other_client.get(PATH).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": "", "policy": {}}, "/name"),
        ({"name": "a\0b", "policy": {}}, "/name"),
        ({"policy": {}}, "/name"),
        ({"name": "x", "policy": {"max_links": -1}}, "/policy/max_links"),
        ({"name": "x", "policy": {}, "more": 1}, "/more"),
    ],
)
def test_a_trial_that_does_not_fit_is_refused_with_the_place(
    client: TestClient, body: dict[str, object], pointer: str
) -> None:
    answer = client.put(PATH, json=body)

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_trial_of_nothing_is_refused(client: TestClient) -> None:
    answer = client.put(PATH, json={"name": "nothing"})

    assert (answer.status_code, answer.json()["detail"]) == (422, "A shadow needs a policy, an engine or both.")


def test_an_engine_that_is_not_loaded_is_refused_and_one_that_is_may_be_tried(app: FastAPI, client: TestClient) -> None:
    body = {"name": "other engine", "engine": "onnx"}

    refused = client.put(PATH, json=body)
    app.state.settings = app.state.settings.model_copy(update={"shadow_engine": "onnx"})
    taken = client.put(PATH, json=body)

    assert refused.status_code == 422
    assert "GATEPOST_SHADOW_ENGINE is not set" in refused.json()["detail"]
    assert (taken.status_code, taken.json()["engine"], taken.json()["policy"]) == (200, "onnx", None)


def test_a_key_that_reads_sees_the_trial_and_changes_nothing(app: FastAPI, issue_key: Callable[[Scope], str]) -> None:
    reader = TestClient(app, headers={"authorization": f"Bearer {issue_key(Scope.READ)}"})

    statuses = [
        reader.put(PATH, json={"name": "x", "policy": {}}).status_code,
        reader.get(PATH).status_code,
        reader.delete(PATH).status_code,
    ]

    assert statuses == [403, 404, 403]
