"""What an endpoint has missed is owed to it again, as it was."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from service.core import comments, db, errors, policy, recovery, submissions, webhooks
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Delivery, Endpoint, Event, OutboxRow
from service.core.queue import Topic
from service.core.recovery import Recovered
from service.core.submissions import Submission

HOUR = timedelta(hours=1)


@pytest.fixture
def endpoint(database: Database, site_id: UUID) -> Endpoint:
    """Disabled for a while, and enabled again by now."""
    with database.transaction() as session:
        endpoint = webhooks.create(session, site_id, "https://blog.example.org/", allow_private=False)
        webhooks.disable(session, endpoint, "It was away.")
    _settle(database, site_id, 3)
    with database.transaction() as session:
        webhooks.enable(session, session.get_one(Endpoint, endpoint.id))
    return endpoint


def _settle(database: Database, site_id: UUID, count: int) -> None:
    for _ in range(count):
        with database.transaction() as session:
            comment = submissions.submit(session, site_id, Submission(text="Thank you."))
            comments.settle(session, [Settlement(comment.id, comment.revision, policy.unscored("a test"))])


def _events(database: Database) -> Sequence[Event]:
    with database.reading() as session:
        return session.exec(select(Event).order_by(col(Event.created_at), col(Event.id))).all()


def _owed(database: Database) -> list[UUID]:
    with database.reading() as session:
        owed = select(OutboxRow).where(col(OutboxRow.topic) == Topic.DELIVER).order_by(col(OutboxRow.id))
        return [row.subject_id for row in session.exec(owed)]


def _recover(database: Database, endpoint: Endpoint, since: datetime, *, again: bool = False) -> Recovered:
    with database.transaction() as session:
        return recovery.recover(session, session.get_one(Endpoint, endpoint.id), since, again=again)


def _attempted(database: Database, endpoint: Endpoint, event: Event, status: int) -> None:
    with database.transaction() as session:
        attempt = Delivery(
            site_id=event.site_id,
            event_id=event.id,
            endpoint_id=endpoint.id,
            attempt=1,
            duration_ms=1,
            status_code=status,
        )
        session.add(attempt)


def _long_ago(database: Database) -> datetime:
    with database.reading() as session:
        return db.now(session) - HOUR


def test_what_was_missed_while_disabled_is_owed_with_its_own_ids_the_oldest_first(
    database: Database, endpoint: Endpoint
) -> None:
    missed = _events(database)
    assert _owed(database) == []

    recovered = _recover(database, endpoint, _long_ago(database))

    assert recovered == (3, None)
    assert _owed(database) == [event.id for event in missed]
    assert _events(database) == missed


def test_only_what_happened_since_then_is_recovered(database: Database, endpoint: Endpoint) -> None:
    first, second, third = _events(database)
    with database.transaction() as session:
        session.execute(update(Event).where(col(Event.id) == first.id).values(created_at=_long_ago(database) - HOUR))

    _recover(database, endpoint, _long_ago(database))

    assert _owed(database) == [second.id, third.id]


def test_what_was_delivered_is_not_missed_but_can_be_replayed(database: Database, endpoint: Endpoint) -> None:
    delivered, failed, never_tried = _events(database)
    _attempted(database, endpoint, delivered, 204)
    _attempted(database, endpoint, failed, 500)

    missed = _recover(database, endpoint, _long_ago(database))
    owed = _owed(database)
    replayed = _recover(database, endpoint, _long_ago(database), again=True)

    assert (missed.events, owed) == (2, [failed.id, never_tried.id])
    assert (replayed.events, set(_owed(database))) == (1, {delivered.id, *owed})


def test_recovering_twice_owes_nothing_twice(database: Database, endpoint: Endpoint) -> None:
    counts = [_recover(database, endpoint, _long_ago(database)).events for _ in range(2)]

    assert counts == [3, 0]


def test_another_endpoints_success_is_not_ones_own(database: Database, site_id: UUID, endpoint: Endpoint) -> None:
    with database.transaction() as session:
        other = webhooks.create(session, site_id, "https://other.example.org/", allow_private=False)
    _attempted(database, other, _events(database)[0], 200)

    assert _recover(database, endpoint, _long_ago(database)).events == 3


def test_neither_tests_nor_another_sites_events_are_recovered(
    database: Database, other_site_id: UUID, endpoint: Endpoint
) -> None:
    with database.transaction() as session:
        webhooks.ping(session, session.get_one(Endpoint, endpoint.id))
        session.delete(session.exec(select(OutboxRow).where(col(OutboxRow.topic) == Topic.DELIVER)).one())
    _settle(database, other_site_id, 1)

    assert _recover(database, endpoint, _long_ago(database)).events == 3


def test_much_is_recovered_by_and_by(database: Database, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery, "_CHUNK", 2)
    first = _recover(database, endpoint, _long_ago(database))
    assert first.next_since

    second = _recover(database, endpoint, first.next_since)

    assert (first.events, second) == (2, (1, None))
    assert _owed(database) == [event.id for event in _events(database)]


def test_a_disabled_endpoint_recovers_nothing(database: Database, endpoint: Endpoint) -> None:
    with database.transaction() as session:
        webhooks.disable(session, session.get_one(Endpoint, endpoint.id), "It is gone.")

    with pytest.raises(errors.ConflictError, match="It is gone"):
        _recover(database, endpoint, _long_ago(database))

    assert _owed(database) == []
