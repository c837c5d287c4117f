"""The Perspective door: what its clients send, and each thing that they read in an answer or an error."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import SQLModel, select

from service.core import comments, queues, sites
from service.core.exchange import export
from service.core.models import (
    AuditEntry,
    Category,
    Comment,
    Event,
    Imprint,
    Lesson,
    OutboxRow,
    Scope,
    Site,
    Status,
)
from service.core.policy import Policy
from service.core.queues import Queue, Wanted
from service.core.settings import Settings
from tests.compat.conftest import at_work
from tests.engines import WordEngine, WordSpam
from workers import housekeeping
from workers.judgement import Scorer

ANALYZE = "/v1alpha1/comments:analyze"
SUGGEST = "/v1alpha1/comments:suggestscore"
INSULT = "What an insult this toxicity is."

Ask = Callable[..., Response]


@pytest.fixture
def ask(client: TestClient, key: str) -> Ask:
    """Analyse a text, with these other fields."""

    def ask(
        text: str = "A fine day.", attributes: Sequence[str] = ("TOXICITY",), path: str = ANALYZE, **more: Any
    ) -> Response:
        body = {"comment": {"text": text}, "requestedAttributes": {name: {} for name in attributes}, **more}
        # As ASCII: half a surrogate pair has no other form.
        return client.post(path, params={"key": key}, content=json.dumps(body))

    return ask


def rows(app: FastAPI, table: type[SQLModel]) -> Sequence[Any]:
    with app.state.database.reading() as session:
        return list(session.exec(select(table)))


def failure(answer: Response, code: int, status: str) -> dict[str, Any]:
    """The one detail of an error."""
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["status"]) == (code, code, status), answer.text
    assert answer.headers["content-type"] == "application/json"
    (detail,) = error["details"]
    found: dict[str, Any] = {"message": error["message"], **detail}
    return found


@pytest.mark.usefixtures("work")
def test_an_answer_is_as_perspective_gives_it(ask: Ask) -> None:
    answer = ask(INSULT, ["TOXICITY", "THREAT"], languages=["en"], clientToken="comment:17")

    assert answer.status_code == 200
    assert answer.json() == {
        "attributeScores": {
            "TOXICITY": {
                "spanScores": [{"begin": 0, "end": len(INSULT), "score": {"value": 0.99, "type": "PROBABILITY"}}],
                "summaryScore": {"value": 0.99, "type": "PROBABILITY"},
            },
            "THREAT": {
                "spanScores": [{"begin": 0, "end": len(INSULT), "score": {"value": 0.01, "type": "PROBABILITY"}}],
                "summaryScore": {"value": 0.01, "type": "PROBABILITY"},
            },
        },
        "languages": ["en"],
        "detectedLanguages": ["en"],
        "clientToken": "comment:17",
    }


@pytest.mark.usefixtures("work")
def test_each_attribute_has_the_score_of_our_label(ask: Ask) -> None:
    words = "toxicity severe_toxicity identity_attack insult obscene threat"
    ours = {
        "SEVERE_TOXICITY": "severe_toxicity",
        "IDENTITY_ATTACK_EXPERIMENTAL": "identity_attack",
        "INSULT": "insult",
        "PROFANITY": "obscene",
        "OBSCENE": "obscene",
        "THREAT@3": "threat",
    }
    for name, word in ours.items():
        scores = ask(words.replace(f" {word}", ""), [name, "SPAM"]).json()["attributeScores"]
        assert scores[name]["summaryScore"]["value"] == 0.01, name
        scores = ask(f"The word is {word}.", [name]).json()["attributeScores"]
        assert scores[name]["summaryScore"]["value"] == 0.99, name


@pytest.mark.usefixtures("work")
def test_likely_to_reject_is_the_policy_s_word(ask: Ask, app: FastAPI, site: Site) -> None:
    def likely(text: str) -> float:
        value: float = ask(text, ["LIKELY_TO_REJECT"]).json()["attributeScores"]["LIKELY_TO_REJECT"]["summaryScore"][
            "value"
        ]
        return value

    with app.state.database.transaction() as session:
        policy = Policy(held_words=["treaty"], rejected_words=["armistice"])
        sites.put_policy(session, site.id, policy, actor="test")

    assert likely("A fine day.") < 0.5
    assert likely("The treaty.") == 0.5
    assert likely("The armistice.") == 1.0
    assert likely("A threat.") == 0.99


@pytest.mark.usefixtures("work")
def test_a_span_counts_utf_16_units(ask: Ask) -> None:
    text = "😀 An insult 🇩🇪"

    (span,) = ask(text, ["INSULT"]).json()["attributeScores"]["INSULT"]["spanScores"]

    assert (span["begin"], span["end"]) == (0, len(text.encode("utf-16-le")) // 2) == (0, 17)


@pytest.mark.usefixtures("work")
def test_spans_are_scored_sentence_by_sentence(ask: Ask, stored: Callable[[], Sequence[Comment]]) -> None:
    text = "😀 Good morning. This is an insult! And a line\nof another day"

    answer = ask(text, ["INSULT"], spanAnnotations=True).json()["attributeScores"]["INSULT"]

    units = text.encode("utf-16-le")
    told = [
        (units[2 * span["begin"] : 2 * span["end"]].decode("utf-16-le"), span["score"]["value"])
        for span in answer["spanScores"]
    ]
    assert told == [
        ("😀 Good morning.", 0.01),
        ("This is an insult!", 0.99),
        ("And a line", 0.01),
        ("of another day", 0.01),
    ]
    # The sentences are asked about; the comment is what is kept.
    assert [comment.text for comment in stored()] == [text]


@pytest.mark.usefixtures("work")
def test_what_lies_below_a_threshold_is_left_out(client: TestClient, key: str) -> None:
    body = {
        "comment": {"text": "An insult."},
        "requestedAttributes": {"INSULT": {"scoreThreshold": 0.9}, "THREAT": {"scoreThreshold": 0.1}},
    }

    answer = client.post(ANALYZE, params={"key": key}, json=body)

    assert answer.json()["attributeScores"].keys() == {"INSULT"}


@pytest.mark.usefixtures("work")
def test_html_is_scored_as_it_is_read(client: TestClient, key: str) -> None:
    body = {
        "comment": {"text": "An <b class='x'>in</b>sult&#33; <a href='threat'>Here</a>", "type": "HTML"},
        "requestedAttributes": {"THREAT": {}},
    }

    answer = client.post(ANALYZE, params={"key": key}, json=body)

    assert answer.json()["attributeScores"]["THREAT"]["summaryScore"]["value"] == 0.01


@pytest.mark.usefixtures("work")
def test_names_may_be_written_as_in_the_proto(client: TestClient, key: str) -> None:
    body = {
        "comment": {"text": "An insult."},
        "requested_attributes": {"INSULT": {"score_threshold": 0.5}},
        "client_token": "t",
        "unknown": 1,
    }

    answer = client.post(ANALYZE, params={"key": key, "alt": "json"}, json=body)

    assert answer.json()["attributeScores"]["INSULT"]["summaryScore"]["value"] == 0.99
    assert answer.json()["clientToken"] == "t"


@pytest.mark.usefixtures("work")
def test_a_language_that_is_not_told_and_too_short_to_detect_is_undetermined(ask: Ask) -> None:
    assert ask("Hm.").json()["languages"] == ["und"]
    assert ask("I think that this is what the treaty was about.").json()["detectedLanguages"] == ["en"]
    assert ask("Hm.", languages=["en-US"]).json()["languages"] == ["en-US"]


@pytest.mark.usefixtures("work")
def test_the_comment_is_one_of_the_site_s(ask: Ask, stored: Callable[[], Sequence[Comment]]) -> None:
    context = {"articleAndParentComment": {"article": {"text": "Of treaties"}, "parentComment": {"text": "Rubbish!"}}}

    ask(INSULT, communityId="blog", sessionId="s-1", clientToken="c-1", languages=["en"], context=context)

    (comment,) = stored()
    assert (comment.text, comment.status, comment.language) == (INSULT, Status.HELD, "en")
    assert comment.extra == {
        "perspective": {
            "communityId": "blog",
            "sessionId": "s-1",
            "clientToken": "c-1",
            "article": "Of treaties",
            "parent": "Rubbish!",
        }
    }


@pytest.mark.usefixtures("work")
def test_a_context_of_any_size_fits(ask: Ask, stored: Callable[[], Sequence[Comment]]) -> None:
    entries = [{"text": "the first"}, {"text": '\x00\\"\n' + "😀\ud800" * 3000}]

    assert ask(context={"entries": entries}, clientToken="\\" * 1000).status_code == 200

    assert stored()[0].extra["perspective"]["parent"].startswith('\\" 😀😀')


@pytest.mark.usefixtures("work")
def test_what_must_not_be_stored_leaves_nothing_behind(ask: Ask, app: FastAPI) -> None:
    answer = ask(INSULT, ["INSULT"], doNotStore=True)

    assert answer.json()["attributeScores"]["INSULT"]["summaryScore"]["value"] == 0.99
    for table in (Comment, OutboxRow, Event, AuditEntry, Imprint, Lesson):
        assert rows(app, table) == [], table


def test_what_must_not_be_stored_is_erased_when_nobody_scores_it_too(ask: Ask, impatient: FastAPI) -> None:
    failure(ask(INSULT, doNotStore=True), 504, "DEADLINE_EXCEEDED")

    assert rows(impatient, Comment) == rows(impatient, OutboxRow) == []


def test_what_a_dead_process_has_left_is_erased_later(
    ask: Ask, impatient: FastAPI, client: TestClient, issue_key: Callable[[Scope], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(_: object) -> None:
        pass

    monkeypatch.setattr(impatient.state.waiting, "_forget", die)
    monkeypatch.setattr(housekeeping, "_LEFT_AFTER", -housekeeping._LEFT_AFTER)
    ask(INSULT, doNotStore=True)
    assert len(rows(impatient, Comment)) == 1
    listed = client.get("/v1/comments", headers={"authorization": f"Bearer {issue_key(Scope.READ)}"}).json()
    assert listed["comments"] == []

    housekeeping.erase_leftovers(impatient.state.database)

    assert rows(impatient, Comment) == rows(impatient, OutboxRow) == []


def test_no_score_is_made_up_when_nobody_scores(ask: Ask, impatient: FastAPI) -> None:
    detail = failure(ask(), 504, "DEADLINE_EXCEEDED")

    assert detail["reason"] == "NOT_SCORED_IN_TIME"
    # It is decided all the same, in its time.
    assert rows(impatient, Comment)[0].status == Status.PENDING


def test_no_score_is_made_up_when_scoring_fails(ask: Ask, app: FastAPI, settings: Settings) -> None:
    hopeless = settings.model_copy(update={"score_attempts": 0})
    with at_work(app, hopeless, Scorer(WordEngine(), WordSpam())):
        detail = failure(ask("unscorable"), 503, "UNAVAILABLE")

    assert detail["message"] == "The comment could not be scored."


@pytest.mark.usefixtures("work")
@pytest.mark.parametrize("text", ["", " \n", None])
def test_an_empty_comment_is_refused(ask: Ask, text: str | None) -> None:
    detail = failure(ask(comment={"text": text}), 400, "INVALID_ARGUMENT")

    assert detail["message"] == "Comment must be non-empty."
    assert detail["@type"] == "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
    assert detail["errorType"] == "COMMENT_EMPTY"


def test_a_long_comment_is_refused_by_its_bytes(ask: Ask, stored: Callable[[], Sequence[Comment]]) -> None:
    for text in ("a" * 20_481, "ü" * 10_241, "x" * 500_000):
        detail = failure(ask(text), 400, "INVALID_ARGUMENT")
        assert (detail["message"], detail["errorType"]) == ("Comment text too long.", "COMMENT_TOO_LONG")
    assert stored() == []


def test_no_attributes_are_refused(ask: Ask) -> None:
    detail = failure(ask(attributes=[]), 400, "INVALID_ARGUMENT")

    assert (detail["message"], detail["errorType"]) == ("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES")


def test_an_unknown_attribute_is_refused(ask: Ask) -> None:
    detail = failure(ask(attributes=["CHARM\ud800"]), 400, "INVALID_ARGUMENT")

    assert detail["errorType"] == "INVALID_REQUEST"
    assert detail["message"] == "Unknown requested attribute: CHARM\ud800"


def test_a_score_of_another_type_is_refused(ask: Ask) -> None:
    detail = failure(ask(requestedAttributes={"TOXICITY": {"scoreType": "PERCENTILE"}}), 400, "INVALID_ARGUMENT")

    assert detail["errorType"] == "INVALID_REQUEST"
    assert detail["message"].startswith("Requested score type PERCENTILE")


def test_an_attribute_that_no_score_of_ours_answers_for_is_refused_as_for_its_language(ask: Ask) -> None:
    detail = failure(ask(attributes=["TOXICITY", "FLIRTATION"], languages=["en"]), 400, "INVALID_ARGUMENT")

    assert detail["errorType"] == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE"
    assert detail["message"] == "Attribute FLIRTATION does not support request languages: en"
    told = {"requestedLanguages": ["en"], "attribute": "FLIRTATION"}
    assert detail["languageNotSupportedByAttributeError"] == told


@pytest.mark.usefixtures("work")
def test_such_attributes_are_dropped_when_that_is_asked_for(ask: Ask) -> None:
    answer = ask(attributes=["TOXICITY", "FLIRTATION"], languages=["en"], dropUnsupportedAttributes=True)

    assert answer.json()["attributeScores"].keys() == {"TOXICITY"}


def test_a_language_that_perspective_did_not_know_is_refused(ask: Ask) -> None:
    detail = failure(ask(languages=["om"]), 400, "INVALID_ARGUMENT")

    assert detail["message"] == "Attribute TOXICITY does not support request languages: om"


def test_a_language_that_the_engine_cannot_judge_is_refused(ask: Ask, app: FastAPI, settings: Settings) -> None:
    engine = WordEngine()
    engine.languages = frozenset({"en"})
    text = "Ich glaube nicht, dass das der Grund für den Vertrag war und ist."
    with at_work(app, settings, Scorer(engine, WordSpam())):
        detail = failure(ask(text, ["SPAM", "TOXICITY"]), 400, "INVALID_ARGUMENT")
        spam = ask(text, ["SPAM"])
        likely = ask(f"{text} Das ist ein insult.", ["LIKELY_TO_REJECT"]).json()["attributeScores"]["LIKELY_TO_REJECT"]

    assert detail["languageNotSupportedByAttributeError"] == {"detectedLanguages": ["de"], "attribute": "TOXICITY"}
    # Spam does not hang on the engine alone.
    assert spam.json()["attributeScores"].keys() == {"SPAM"}
    # The policy holds it; what the engine says of it counts for nothing.
    assert likely["summaryScore"]["value"] == 0.5


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"comment": 1}',
        b'{"comment": {"text": "\\ud800"}}',
        b"[]",
        b'{"languages": "en"}',
        b'{"clientToken": "\\udfff"}',
        b'{"a": NaN}',
    ],
)
def test_a_body_that_is_no_request_is_refused_with_a_detail(client: TestClient, key: str, body: bytes) -> None:
    answer = client.post(ANALYZE, params={"key": key}, content=body)

    failure(answer, 400, "INVALID_ARGUMENT")


def test_a_bad_key_is_told_before_anything_else(client: TestClient, issue_key: Callable[[Scope], str]) -> None:
    # PyPerspective tries its key so: no body, no content type.
    for bad in ("gp_unknown_secret", "AIzaSy", "gp_\0"):
        detail = failure(client.post(ANALYZE, params={"key": bad}), 400, "INVALID_ARGUMENT")
        assert detail["message"] == "API key not valid. Please pass a valid API key."
        assert detail["reason"] == "API_KEY_INVALID"
    failure(client.post(ANALYZE), 403, "PERMISSION_DENIED")
    failure(client.post(ANALYZE, params={"key": issue_key(Scope.READ)}), 403, "PERMISSION_DENIED")


def test_a_good_key_with_nothing_else_is_an_empty_comment(client: TestClient, key: str) -> None:
    detail = failure(client.post(ANALYZE, params={"key": key}), 400, "INVALID_ARGUMENT")

    assert detail["errorType"] == "COMMENT_EMPTY"
    assert "reason" not in detail


@pytest.mark.usefixtures("work")
def test_the_key_may_come_in_a_header(client: TestClient, key: str) -> None:
    body = {"comment": {"text": "A fine day."}, "requestedAttributes": {"TOXICITY": {}}}

    for headers in ({"x-goog-api-key": key}, {"authorization": f"Bearer {key}"}):
        assert client.post(ANALYZE, json=body, headers=headers).status_code == 200


def test_a_key_that_has_used_up_its_requests_is_told_as_google_does(client: TestClient, key: str, app: FastAPI) -> None:
    app.state.quotas.limit = 1
    client.post(ANALYZE, params={"key": key})

    answer = client.post(ANALYZE, params={"key": key})

    assert failure(answer, 429, "RESOURCE_EXHAUSTED")["reason"] == "RATE_LIMIT_EXCEEDED"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.usefixtures("work")
def test_coral_s_custom_endpoint_needs_no_version(ask: Ask) -> None:
    assert ask(path="/comments:analyze").status_code == 200


def test_coral_s_moderators_teach(client: TestClient, key: str, app: FastAPI) -> None:
    # As coralproject/talk 9 sends it, services/perspective.
    def suggest(text: str, value: int) -> Response:
        body = {
            "comment": {"text": text},
            "context": {"entries": [{"text": '{"url":"https://blog.example.org/treaty"}'}]},
            "attributeScores": {"TOXICITY": {"summaryScore": {"value": value}}},
            "languages": ["en"],
            "communityId": "Coral:https://comments.example.org",
            "clientToken": "comment:17",
        }
        return client.post("/comments:suggestscore", params={"key": key}, json=body)

    answers = [suggest("You are a walnut.", 1), suggest("Thank you.", 0)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == {
        "clientToken": "comment:17",
        "requestedLanguages": ["en"],
        "detectedLanguages": ["en"],
    }
    taught = {comment.text: (comment.status, comment.category) for comment in rows(app, Comment)}
    assert taught == {
        "You are a walnut.": (Status.REJECTED, Category.TOXIC),
        "Thank you.": (Status.APPROVED, None),
    }
    assert len(rows(app, Lesson)) == 2


@pytest.mark.usefixtures("work")
def test_a_suggestion_decides_the_comment_that_was_analysed(
    ask: Ask, client: TestClient, key: str, app: FastAPI
) -> None:
    ask("You are a walnut.")
    body = {"comment": {"text": "You are a walnut."}, "attributeScores": {"SPAM": {"summaryScore": {"value": 0.8}}}}

    client.post(SUGGEST, params={"key": key}, json=body)

    (comment,) = rows(app, Comment)
    assert (comment.status, comment.category, comment.decided_by) == (Status.REJECTED, Category.SPAM, "site")


def test_a_suggestion_does_not_touch_what_is_only_asked_about(
    ask: Ask, client: TestClient, key: str, impatient: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object) -> None:
        pass

    monkeypatch.setattr(impatient.state.waiting, "_forget", never)
    ask("You are a walnut.", doNotStore=True)
    body = {"comment": {"text": "You are a walnut."}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}}}

    client.post(SUGGEST, params={"key": key}, json=body)

    found = {comment.transient: comment.status for comment in rows(impatient, Comment)}
    assert found == {True: Status.PENDING, False: Status.REJECTED}


def test_what_says_nothing_of_the_whole_comment_teaches_nothing(client: TestClient, key: str, app: FastAPI) -> None:
    body = {"comment": {"text": "You walnut."}, "attributeScores": {"THREAT": {"summaryScore": {"value": 0}}}}

    assert client.post(SUGGEST, params={"key": key}, json=body).status_code == 200

    assert rows(app, Lesson) == rows(app, Comment) == []


def test_a_suggestion_without_scores_is_refused(client: TestClient, key: str) -> None:
    answer = client.post(SUGGEST, params={"key": key}, json={"comment": {"text": "You walnut."}})

    assert failure(answer, 400, "INVALID_ARGUMENT")["errorType"] == "INVALID_REQUEST"


def test_the_discovery_document_leads_here(client: TestClient) -> None:
    document = client.get("/$discovery/rest", params={"version": "v1alpha1"}).json()

    assert document["rootUrl"] == document["baseUrl"] == "https://gatepost.example/"
    methods = document["resources"]["comments"]["methods"]
    assert {method["path"] for method in methods.values()} == {ANALYZE[1:], SUGGEST[1:]}


def test_who_comes_by_google_s_name_is_led_back_to_it(client: TestClient) -> None:
    for host, root in (
        ("commentanalyzer.googleapis.com", "https://commentanalyzer.googleapis.com/"),
        ("evil.example", "https://gatepost.example/"),
    ):
        answer = client.get("/$discovery/rest", params={"version": "v1alpha1"}, headers={"host": host})
        assert answer.json()["rootUrl"] == root


def test_the_discovery_document_refuses_a_bad_key(client: TestClient, key: str) -> None:
    assert client.get("/$discovery/rest", params={"key": key}).status_code == 200
    failure(client.get("/$discovery/rest", params={"key": "gp_x_y"}), 400, "INVALID_ARGUMENT")


@pytest.mark.usefixtures("work")
def test_nobody_sees_what_is_only_asked_about(
    ask: Ask, impatient: FastAPI, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_: object) -> None:
        pass

    monkeypatch.setattr(impatient.state.waiting, "_forget", never)
    ask(INSULT, doNotStore=True)
    database = impatient.state.database

    everything = Wanted(queue=Queue.ALL, site_ids=[site.id])
    with database.reading() as session:
        assert queues.page(session, everything, None, 10) == []
        assert comments.find(session, site.id, status=None, external_id=None, after=None, limit=10) == []
    assert list(export.rows(database, site.id)) == []
    assert len(rows(impatient, Comment)) == 1
