"""Akismet's plugin is told decisions in its own shape, and what it answers counts."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session, SQLModel, select

from service.core import akismet_keys, callbacks, comments, db, errors, keys, recovery, submissions, webhooks
from service.core.akismet_keys import Client
from service.core.db import Database
from service.core.models import Comment, Delivery, Endpoint, OutboxRow, Site, Status
from service.core.queue import Topic
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.servers.receiver import Answer, Receiver
from workers import delivery


@pytest.fixture
def key(database: Database, site_id: UUID, receiver: Receiver) -> str:
    with database.transaction() as session:
        site = session.get_one(Site, site_id)
        return akismet_keys.issue(session, site, blog=receiver.url, allow_private=True)


@pytest.fixture
def plugin_url(receiver: Receiver) -> str:
    return receiver.url.replace("/hook", "/wp-json/akismet/v1/webhook")


@pytest.fixture
def asked(database: Database, site_id: UUID, key: str, plugin_url: str) -> Callable[..., Comment]:
    """A comment that the plugin has asked about."""

    def ask(**fields: str) -> Comment:
        with database.transaction() as session:
            comment = _submitted(session, site_id, **fields)
            callbacks.expect(session, _client(session, key), comment, plugin_url)
            return comment

    return ask


def _client(session: Session, key: str) -> Client:
    client = akismet_keys.find(session, [key])
    assert client
    return client


def _submitted(session: Session, site_id: UUID, text: str = "Thank you.", **fields: Any) -> Comment:
    return comments.get(session, site_id, submissions.submit(session, site_id, Submission(text=text, **fields)).id)


def _review(database: Database, comment: Comment, *, approve: bool) -> None:
    with database.transaction() as session:
        comments.review(session, comment.site_id, comment.id, approve=approve, category=None, actor="moderator:mo")


def _taken(comment: Comment, status: str = "success", **said: str) -> Answer:
    return Answer(body=json.dumps({"comments": {str(comment.id): {"status": status, **said}}}).encode())


def _deliver(database: Database, settings: Settings) -> list[Delivery]:
    delivery.deliver_batch(database, settings)
    with database.reading() as session:
        return list(session.exec(select(Delivery).order_by(Delivery.id)))  # type: ignore[arg-type]


def _owed(database: Database) -> list[OutboxRow]:
    with database.reading() as session:
        return [row for row in session.exec(select(OutboxRow)) if row.topic == Topic.DELIVER]


def _due_now(database: Database) -> None:
    with database.transaction() as session:
        for row in session.exec(select(OutboxRow)):
            row.due_at = db.now(session) - timedelta(seconds=1)
            row.lease = None
        for endpoint in session.exec(select(Endpoint)):
            endpoint.paused_until = None


@pytest.mark.parametrize(("approve", "result"), [(True, "false"), (False, "true")])
def test_the_plugin_hears_whether_it_is_spam(
    database: Database,
    settings: Settings,
    receiver: Receiver,
    asked: Callable[..., Comment],
    key: str,
    *,
    approve: bool,
    result: str,
) -> None:
    comment = asked(post_id="9")
    receiver.script(_taken(comment))
    _review(database, comment, approve=approve)
    _due_now(database)

    [attempt] = _deliver(database, settings)

    [request] = receiver.requests
    assert request.path == "/wp-json/akismet/v1/webhook"
    assert request.headers["x-akismet-webhook"] == "1"
    assert request.headers["content-type"] == "application/json"
    assert "webhook-signature" not in request.headers
    told = {"guid": str(comment.id), "result": result, "comment_post_ID": "9"}
    assert request.json == {"key": key, "endpoint": "comment-check", "comments": [told]}
    assert (attempt.status_code, attempt.error, attempt.next_attempt_at) == (200, None, None)
    assert _owed(database) == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda comment: _taken(comment, "error", message="Could not find matching comment."), "Could not find"),
        (lambda _: Answer(body=b"<html>Briefly unavailable for scheduled maintenance.</html>"), "not the Akismet"),
        (lambda _: Answer(body=b'{"comments":[]}'), "not the Akismet"),
    ],
)
def test_what_the_plugin_does_not_take_is_tried_again_and_says_nothing_of_the_endpoint(
    database: Database,
    settings: Settings,
    receiver: Receiver,
    asked: Callable[..., Comment],
    answer: Callable[[Comment], Answer],
    error: str,
) -> None:
    comment = asked()
    receiver.script(answer(comment), _taken(comment))
    _review(database, comment, approve=True)
    _due_now(database)

    [refused] = _deliver(database, settings)
    with database.reading() as session:
        [endpoint] = session.exec(select(Endpoint)).all()
    _due_now(database)
    [_, taken] = _deliver(database, settings)

    assert error in (refused.error or "")
    assert refused.next_attempt_at is not None
    assert (endpoint.failures, endpoint.paused_until, endpoint.failing_since) == (0, None, None)
    assert (taken.error, _owed(database)) == (None, [])


def test_the_same_plugin_hears_nothing_of_other_comments(
    database: Database, settings: Settings, receiver: Receiver, asked: Callable[..., Comment], site_id: UUID
) -> None:
    asked()
    with database.transaction() as session:
        other = submissions.submit(session, site_id, Submission(text="By the API."))
    _review(database, other, approve=True)
    _due_now(database)

    assert _deliver(database, settings) == []
    assert receiver.requests == []


def test_what_is_held_again_the_plugin_cannot_be_told(database: Database, asked: Callable[..., Comment]) -> None:
    comment = asked()

    comment.status = Status.HELD
    with database.reading() as session:
        assert callbacks.owed(session, [(comment.id, comment)]) == []


def test_a_blog_with_a_new_key_hears_of_older_comments_by_it(
    database: Database,
    settings: Settings,
    receiver: Receiver,
    asked: Callable[..., Comment],
    site_id: UUID,
    plugin_url: str,
) -> None:
    older = asked()
    with database.transaction() as session:
        new = akismet_keys.issue(session, session.get_one(Site, site_id), blog=receiver.url, allow_private=True)
        newer = _submitted(session, site_id, "Newer.")
        callbacks.expect(session, _client(session, new), newer, plugin_url)
    receiver.script(_taken(older))
    _review(database, older, approve=True)
    _due_now(database)

    _deliver(database, settings)

    assert receiver.requests[0].json["key"] == new


def test_what_it_missed_can_be_recovered_and_nothing_else_is(
    database: Database, asked: Callable[..., Comment], site_id: UUID
) -> None:
    mine = asked()
    with database.transaction() as session:
        other = submissions.submit(session, site_id, Submission(text="By the API."))
        [endpoint] = session.exec(select(Endpoint)).all()
        webhooks.disable(session, endpoint, "It was away.")
    for comment in (mine, other):
        _review(database, comment, approve=True)
    with database.transaction() as session:
        webhooks.enable(session, session.get_one(Endpoint, endpoint.id))

    with database.transaction() as session:
        found = session.get_one(Endpoint, endpoint.id)
        assert recovery.recover(session, found, db.now(session) - timedelta(hours=1)).events == 1


def test_a_test_event_is_refused(database: Database, asked: Callable[..., Comment]) -> None:
    asked()
    with database.transaction() as session:
        [endpoint] = session.exec(select(Endpoint)).all()
        with pytest.raises(errors.ConflictError):
            webhooks.ping(session, endpoint)


def test_the_key_is_stored_nowhere_in_clear(
    database: Database, settings: Settings, receiver: Receiver, asked: Callable[..., Comment], key: str
) -> None:
    comment = asked()
    receiver.script(_taken(comment))
    _review(database, comment, approve=True)
    _due_now(database)
    _deliver(database, settings)

    with database.reading() as session:
        for table in SQLModel.metadata.sorted_tables:
            for row in session.execute(table.select()):
                assert key not in str(row), table.name


def test_a_colliding_fingerprint_opens_nothing(database: Database, site_id: UUID, key: str) -> None:
    other = next(
        candidate
        for candidate in (f"{number:012d}" for number in range(10**7))
        if akismet_keys._fingerprint(candidate) == akismet_keys._fingerprint(key)
    )

    with database.reading() as session:
        assert akismet_keys.find(session, [other]) is None
        assert _client(session, key).site.id == site_id


def test_an_expired_key_opens_nothing(database: Database, site_id: UUID, key: str) -> None:
    with database.transaction() as session:
        row = keys.listed(session, site_id)[0]
        row.expires_at = db.now(session) - timedelta(seconds=1)
        session.add(row)

    with database.reading() as session:
        assert akismet_keys.find(session, [key]) is None
