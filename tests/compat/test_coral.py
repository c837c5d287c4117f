"""Coral's external moderation phase: signed questions, and answers that Coral acts on."""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import text

from service.core import coral_keys, keys, sites
from service.core.models import Comment, Site
from service.core.policy import Policy

HARMLESS, TOXIC, SPAM = "Thank you.", "You are toxicity itself.", "Buy spam, spam and spam: http://bit.ly/spam"
SECRET = "the secret that Coral shows"
PREMOD = {"status": "PREMOD"}
Ask = Callable[..., Response]


@pytest.fixture
def key_id(app: FastAPI, site: Site) -> str:
    with app.state.database.transaction() as session:
        return coral_keys.create(session, site.id, SECRET).id


@pytest.fixture
def ask(client: TestClient, key_id: str) -> Ask:
    """Posts as Coral does."""

    def ask(body: str = HARMLESS, *, secrets: Sequence[str] = (SECRET,), query: str = "", **author: str) -> Response:
        question = {
            "action": "NEW",
            "comment": {"body": body, "parentID": None},
            "author": {"id": "baf4e943", "role": "COMMENTER", **author},
            "story": {"id": "245b3856", "url": "https://blog.example.org/treaty"},
            "site": {"id": "a4bede88"},
            "tenantID": "19ba5794",
            "tenantDomain": "coral.example.org",
        }
        raw = json.dumps(question, indent=2).encode()
        return client.post(f"/coral/{key_id}{query}", content=raw, headers={"X-Coral-Signature": _sign(raw, secrets)})

    return ask


def _sign(raw: bytes, secrets: Sequence[str]) -> str:
    return ",".join(f"sha256={hmac.new(one.encode(), raw, hashlib.sha256).hexdigest()}" for one in secrets)


@pytest.mark.parametrize(("body", "reason"), [(TOXIC, "COMMENT_DETECTED_TOXIC"), (SPAM, "COMMENT_DETECTED_SPAM")])
def test_what_the_policy_holds_is_withheld_with_the_reason(
    ask: Ask, app: FastAPI, site: Site, work: None, body: str, reason: str
) -> None:
    flags = [{"actionType": "FLAG", "reason": reason}]
    with app.state.database.transaction() as session:
        sites.put_policy(session, site.id, Policy(thresholds={"spam": 0.1}), "test")

    assert ask(body).json() == {"status": "SYSTEM_WITHHELD", "actions": flags}


def test_what_the_policy_approves_goes_on(ask: Ask, work: None, stored: Callable[[], Sequence[Comment]]) -> None:
    answered = ask("Thank you.")

    [comment] = stored()
    assert (answered.status_code, answered.content) == (204, b"")
    assert (comment.author_id, comment.post_id, comment.permalink) == (
        "baf4e943",
        "245b3856",
        "https://blog.example.org/treaty",
    )


def test_the_sites_own_people_are_not_judged(ask: Ask, stored: Callable[[], Sequence[Comment]]) -> None:
    assert ask(TOXIC, role="MODERATOR").status_code == 204
    assert list(stored()) == []


def test_nothing_stays_here_for_who_wants_that(ask: Ask, work: None, stored: Callable[[], Sequence[Comment]]) -> None:
    assert ask(TOXIC, query="?store=false").json()["status"] == "SYSTEM_WITHHELD"
    assert list(stored()) == []


def test_what_is_not_decided_in_time_a_human_decides(ask: Ask, impatient: FastAPI) -> None:
    assert ask("Thank you.").json() == PREMOD


def test_a_comment_without_text_a_human_decides(ask: Ask) -> None:
    assert ask("").json() == PREMOD


def test_without_the_database_a_human_decides(ask: Ask, app: FastAPI) -> None:
    with app.state.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE coral_key"))

    assert ask("Thank you.").json() == PREMOD


@pytest.mark.parametrize("secrets", [(), ("another",)])
def test_who_does_not_sign_is_not_heard(
    ask: Ask, stored: Callable[[], Sequence[Comment]], secrets: Sequence[str]
) -> None:
    assert ask(secrets=secrets).status_code == 401
    assert list(stored()) == []


def test_either_secret_is_good_while_coral_rolls_it(ask: Ask, work: None) -> None:
    assert ask(secrets=("another", SECRET)).status_code == 204


def test_a_changed_body_is_refused(client: TestClient, key_id: str) -> None:
    signature = _sign(b"{}", [SECRET])

    assert client.post(f"/coral/{key_id}", content=b"{ }", headers={"X-Coral-Signature": signature}).status_code == 401


def test_a_revoked_or_unknown_key_opens_nothing(ask: Ask, app: FastAPI, client: TestClient, key_id: str) -> None:
    with app.state.database.transaction() as session:
        keys.revoke(session, key_id)

    assert ask().status_code == 401
    assert client.post("/coral/unknown", content=b"{}").status_code == 401


def test_the_secret_is_not_kept_in_clear(app: FastAPI, key_id: str) -> None:
    with app.state.database.engine.connect() as connection:
        assert SECRET not in str(connection.execute(text("SELECT * FROM coral_key")).all())
