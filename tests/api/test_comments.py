"""What a blog may rely on when it posts comments and looks them up."""

import json
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session, col, func, select

from service.core.models import Comment, Event, OutboxRow
from service.core.settings import Settings
from tests.engines import word_scorer
from workers import scoring

PATH = "/v1/comments"
HARMLESS = {"text": "Thank you, that explains the treaty well."}


@pytest.fixture
def stored(app: FastAPI) -> Callable[[], int]:
    def count() -> int:
        with app.state.database.reading() as session:
            return _count(session, Comment)

    return count


@pytest.fixture
def comment(client: TestClient) -> dict[str, Any]:
    """A pending comment with an id of the blog's."""
    posted: dict[str, Any] = client.post(PATH, json={**HARMLESS, "external_id": "c-42"}).json()
    return posted


def test_a_submission_is_accepted_with_the_place_to_look_it_up(client: TestClient, settings: Settings) -> None:
    answer = client.post(PATH, json={**HARMLESS, "external_id": "c-42", "metadata": {"thread": 7}})

    body = answer.json()
    assert answer.status_code == 202
    assert (body["status"], body["external_id"], body["metadata"]) == ("pending", "c-42", {"thread": 7})
    assert answer.headers["location"] == body["links"]["self"] == f"{settings.public_url}{PATH}/{body['id']}"
    assert client.get(body["links"]["self"].removeprefix(settings.public_url)).json() == body


def test_the_link_does_not_come_from_the_host_header(client: TestClient, settings: Settings) -> None:
    answer = client.post(PATH, json=HARMLESS, headers={"host": "evil.example"})

    assert answer.headers["location"].startswith(settings.public_url)


def test_each_submission_is_owed_one_scoring(client: TestClient, app: FastAPI) -> None:
    ids = {client.post(PATH, json=HARMLESS).json()["id"] for _ in range(3)}

    with app.state.database.reading() as session:
        assert {str(row.subject_id) for row in session.exec(select(OutboxRow))} == ids


def test_a_comment_whose_commit_fails_is_not_accepted(
    client: TestClient, app: FastAPI, stored: Callable[[], int]
) -> None:
    _refuse_commits(app)

    answers = [client.post(PATH, json=HARMLESS), client.post(f"{PATH}/batch", json={"comments": [HARMLESS]})]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert stored() == 0


def test_waiting_gives_the_decision_when_it_is_ready_in_time(
    client: TestClient, app: FastAPI, settings: Settings
) -> None:
    stop = threading.Event()

    def keep_scoring() -> None:
        while not stop.wait(0.02):
            scoring.score_batch(app.state.database, word_scorer(), settings)

    scorer = threading.Thread(target=keep_scoring)
    scorer.start()
    answer = client.post(PATH, json=HARMLESS, headers={"prefer": "respond-async, wait=5"})
    stop.set()
    scorer.join()

    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "wait=5"
    assert (answer.json()["status"], answer.json()["verdict"]["decision"]) == ("approved", "approve")


def test_waiting_ends_with_a_pending_comment_when_nobody_decides(client: TestClient) -> None:
    answer = client.post(PATH, json=HARMLESS, headers={"prefer": "wait=1"})

    assert (answer.status_code, answer.json()["status"]) == (202, "pending")


def test_a_verdict_explains_itself(client: TestClient, score: Callable[[], int]) -> None:
    posted = client.post(PATH, json={"text": "insult"}).json()
    score()

    comment = client.get(f"{PATH}/{posted['id']}").json()

    assert (comment["status"], comment["decided_by"], comment["sequence"]) == ("held", "policy", 1)
    verdict = comment["verdict"]
    assert (verdict["rule"], verdict["policy_version"], verdict["scores"]["insult"]) == ("toxicity", 1, 0.99)
    assert any("Insult: 99%" in reason for reason in verdict["reasons"])


def test_the_webhook_tells_the_trace_that_the_api_shows(
    client: TestClient, app: FastAPI, score: Callable[[], int]
) -> None:
    text = "See " + " ".join(f"www.{letter}.example" for letter in "abcdef")
    posted = client.post(PATH, json={"text": text}).json()
    score()

    verdict = client.get(f"{PATH}/{posted['id']}").json()["verdict"]
    with app.state.database.reading() as session:
        told = json.loads(session.exec(select(Event.body)).one())["data"]

    assert verdict["rule"] == "links"
    assert [text[span["start"] : span["end"]] for span in verdict["spans"]] == text.split()[1:]
    assert verdict["latency_ms"] > 0
    assert {name: told[name] for name in verdict.keys() & told.keys()} == {
        name: verdict[name] for name in verdict.keys() & told.keys()
    }
    assert {"rule", "scores", "signals", "spans", "engine", "policy_version", "latency_ms"} <= told.keys()


def test_a_repeat_with_the_same_idempotency_key_gives_back_the_first_comment(
    client: TestClient, stored: Callable[[], int]
) -> None:
    first, again = (client.post(PATH, json=HARMLESS, headers={"idempotency-key": "k-1"}) for _ in range(2))

    assert (again.status_code, again.json()) == (202, first.json())
    assert stored() == 1


def test_an_idempotency_key_with_another_body_is_a_conflict(client: TestClient, stored: Callable[[], int]) -> None:
    client.post(PATH, json=HARMLESS, headers={"idempotency-key": "k-1"})

    answer = client.post(PATH, json={"text": "Something else."}, headers={"idempotency-key": "k-1"})

    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert stored() == 1


def test_two_sites_may_use_the_same_idempotency_key(client: TestClient, other_client: TestClient) -> None:
    mine, theirs = (
        each.post(PATH, json=HARMLESS, headers={"idempotency-key": "k-1"}).json() for each in (client, other_client)
    )

    assert mine["id"] != theirs["id"]


def test_a_repeat_with_the_same_external_id_gives_back_the_first_comment(
    client: TestClient, comment: dict[str, Any], stored: Callable[[], int]
) -> None:
    again = client.post(PATH, json={"text": "Sent again, and changed.", "external_id": "c-42"})

    assert (again.status_code, again.json()) == (202, comment)
    assert stored() == 1


def test_a_batch_is_stored_in_its_order(client: TestClient) -> None:
    texts = [f"Comment number {number}." for number in range(5)]

    answer = client.post(f"{PATH}/batch", json={"comments": [{"text": one} for one in texts]})

    assert answer.status_code == 202
    assert [one["text"] for one in answer.json()["comments"]] == texts


def test_a_batch_with_one_bad_comment_stores_none_and_points_at_it(
    client: TestClient, stored: Callable[[], int]
) -> None:
    answer = client.post(f"{PATH}/batch", json={"comments": [HARMLESS, {"text": ""}, HARMLESS]})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/comments/1/text"]
    assert stored() == 0


@pytest.mark.parametrize("size", [0, 501])
def test_a_batch_holds_1_to_500_comments(client: TestClient, size: int) -> None:
    assert client.post(f"{PATH}/batch", json={"comments": [HARMLESS] * size}).status_code == 422


def test_the_pages_of_the_list_give_every_comment_once_newest_first(client: TestClient) -> None:
    batch = {"comments": [{"text": f"Comment number {number}."} for number in range(5)]}
    posted = [one["id"] for one in client.post(f"{PATH}/batch", json=batch).json()["comments"]]

    pages = [client.get(PATH, params={"limit": 2}).json()]
    while pages[-1]["next"]:
        pages.append(client.get(PATH, params={"limit": 2, "after": pages[-1]["next"]}).json())

    assert [len(page["comments"]) for page in pages] == [2, 2, 1]
    assert [one["id"] for page in pages for one in page["comments"]] == sorted(posted, reverse=True)


def test_the_list_can_be_narrowed_to_a_status_and_an_external_id(
    client: TestClient, comment: dict[str, Any], score: Callable[[], int]
) -> None:
    held = client.post(PATH, json={"text": "threat", "external_id": "c-43"}).json()
    score()

    assert _ids(client, status="held") == [held["id"]]
    assert _ids(client, external_id="c-42") == [comment["id"]]
    assert _ids(client, status="held", external_id="c-42") == []


def test_an_edited_comment_is_decided_anew(
    client: TestClient, comment: dict[str, Any], score: Callable[[], int]
) -> None:
    score()

    edited = client.put(f"{PATH}/{comment['id']}", json={"text": "insult", "external_id": "c-42"}).json()
    score()

    assert (edited["status"], edited["verdict"], edited["sequence"]) == ("pending", None, 2)
    assert client.get(f"{PATH}/{comment['id']}").json()["status"] == "held"


def test_an_erased_comment_is_gone_with_its_events(
    client: TestClient, app: FastAPI, comment: dict[str, Any], score: Callable[[], int]
) -> None:
    score()

    answer = client.delete(f"{PATH}/{comment['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get(f"{PATH}/{comment['id']}").status_code == 404
    assert client.delete(f"{PATH}/{comment['id']}").status_code == 404
    with app.state.database.reading() as session:
        assert [_count(session, table) for table in (Comment, Event, OutboxRow)] == [0, 0, 0]


def test_feedback_overrules_the_machine(client: TestClient, comment: dict[str, Any], score: Callable[[], int]) -> None:
    score()

    answer = client.post(f"{PATH}/{comment['id']}/feedback", json={"decision": "reject", "category": "spam"})

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["category"], body["decided_by"]) == ("rejected", "spam", "site")
    assert body["verdict"]["decision"] == "approve"


def test_the_machine_does_not_overrule_feedback(
    client: TestClient, comment: dict[str, Any], score: Callable[[], int]
) -> None:
    client.post(f"{PATH}/{comment['id']}/feedback", json={"decision": "reject"})
    score()

    assert client.get(f"{PATH}/{comment['id']}").json()["status"] == "rejected"


def test_an_unknown_comment_is_not_found(client: TestClient) -> None:
    answer = client.get(f"{PATH}/{uuid4()}")

    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def _ids(client: TestClient, **query: str) -> list[str]:
    return [one["id"] for one in client.get(PATH, params=query).json()["comments"]]


def _count(session: Session, table: type[Comment | Event | OutboxRow]) -> int:
    return session.exec(select(func.count(col(table.id)))).one()


_REFUSALS = {
    "postgresql": (
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no commit today'; END $$",
        """CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON comment DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION refuse()""",
    ),
    "sqlite": (
        "CREATE TABLE debt (site_id TEXT REFERENCES site (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER refuse AFTER INSERT ON comment BEGIN INSERT INTO debt VALUES ('nowhere'); END",
    ),
}


def _refuse_commits(app: FastAPI) -> None:
    """Have the database take every statement and fail at the commit, as it does with a deferred constraint."""
    with app.state.database.engine.begin() as connection:
        for statement in _REFUSALS[connection.dialect.name]:
            connection.execute(text(statement))
