"""Which due webhooks a courier takes: few of each endpoint, none of a closed one, whoever else claims."""

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select

from service.core import db, outbox, webhooks
from service.core.db import Database
from service.core.models import Endpoint, OutboxRow
from service.core.queue import Topic
from workers import claims
from workers.paces import Pace
from workers.retries import PAUSE_AFTER

LEASE = timedelta(seconds=30)
PLACES = 32


@pytest.fixture
def endpoint_ids(database: Database, site_id: UUID) -> list[UUID]:
    with database.transaction() as session:
        created = [
            webhooks.create(session, site_id, "https://blog.example.org/", allow_private=False) for _ in range(3)
        ]
        return [endpoint.id for endpoint in created]


def _owe(database: Database, endpoint_id: UUID, count: int) -> None:
    with database.transaction() as session:
        for _ in range(count):
            outbox.put(session, Topic.DELIVER, db.new_id(), endpoint_id)


def _claim(database: Database, places: int = PLACES, at_once: int = 4) -> Counter[UUID | None]:
    with database.transaction() as session:
        return Counter(row.endpoint_id for row in claims.claim(session, places, LEASE, Pace(at_once, at_once)))


def _change(database: Database, endpoint_id: UUID, **values: object) -> datetime:
    """Set these of the endpoint; gives back the database's time."""
    with database.transaction() as session:
        session.get_one(Endpoint, endpoint_id).sqlmodel_update(values)
        return db.now(session)


def _rows(database: Database, endpoint_id: UUID) -> Sequence[OutboxRow]:
    with database.reading() as session:
        return session.exec(select(OutboxRow).where(col(OutboxRow.endpoint_id) == endpoint_id)).all()


def test_an_endpoint_with_thousands_due_gets_few_at_once(database: Database, endpoint_ids: list[UUID]) -> None:
    flooded, other, _ = endpoint_ids
    _owe(database, flooded, 100)
    _owe(database, other, 2)

    assert _claim(database) == {flooded: 4, other: 2}


def test_what_is_under_way_counts_at_every_courier(database: Database, endpoint_ids: list[UUID]) -> None:
    _owe(database, endpoint_ids[0], 100)

    claimed = [_claim(database, places, at_once=5).total() for places in (3, 3, 3)]

    assert claimed == [3, 2, 0]


def test_an_endpoint_whose_places_have_grown_gets_more_and_the_others_no_less(
    database: Database, endpoint_ids: list[UUID]
) -> None:
    prompt, other, _ = endpoint_ids
    _owe(database, prompt, 100)
    _owe(database, other, 100)

    with database.transaction() as session:
        claimed = claims.claim(session, PLACES, LEASE, Pace(4, 16, {prompt: 10}))

    assert Counter(row.endpoint_id for row in claimed) == {prompt: 10, other: 4}


def test_the_endpoint_with_the_fewest_under_way_comes_first(database: Database, endpoint_ids: list[UUID]) -> None:
    first, second, third = endpoint_ids
    _owe(database, first, 10)
    _claim(database, places=2)
    _owe(database, second, 10)
    _owe(database, third, 10)

    assert _claim(database, places=4) == {second: 2, third: 2}


def test_a_dead_couriers_places_are_free_when_its_lease_ends(database: Database, endpoint_ids: list[UUID]) -> None:
    _owe(database, endpoint_ids[0], 4)
    _claim(database)
    with database.transaction() as session:
        outbox.take_over(session)

    assert _claim(database).total() == 4


def test_what_is_tried_again_later_takes_no_place(database: Database, endpoint_ids: list[UUID]) -> None:
    _owe(database, endpoint_ids[0], 8)
    with database.transaction() as session:
        for row in claims.claim(session, PLACES, LEASE, Pace(4, 4)):
            outbox.postpone(session, row, timedelta(hours=1))

    assert _claim(database).total() == 4


def test_a_paused_endpoint_gets_nothing_and_what_it_is_owed_waits_with_it(
    database: Database, endpoint_ids: list[UUID]
) -> None:
    paused, other, _ = endpoint_ids
    _owe(database, paused, 10)
    _owe(database, other, 1)
    until = _change(database, paused, paused_until=None) + timedelta(minutes=5)
    _change(database, paused, paused_until=until)

    assert _claim(database) == {other: 1}

    assert {row.due_at for row in _rows(database, paused)} == {until}
    with database.reading() as session:
        assert outbox.lag(session) == {}


def test_a_pause_that_is_over_holds_nothing_back(database: Database, endpoint_ids: list[UUID]) -> None:
    _owe(database, endpoint_ids[0], 10)
    now = _change(database, endpoint_ids[0], paused_until=None)
    _change(database, endpoint_ids[0], paused_until=now - timedelta(seconds=1))

    assert _claim(database).total() == 4


def test_an_endpoint_that_only_fails_is_tried_with_one_at_a_time(database: Database, endpoint_ids: list[UUID]) -> None:
    _owe(database, endpoint_ids[0], 10)
    _change(database, endpoint_ids[0], failures=PAUSE_AFTER)

    assert [_claim(database).total() for _ in range(2)] == [1, 0]


def test_what_is_due_to_a_disabled_endpoint_is_dropped(database: Database, endpoint_ids: list[UUID]) -> None:
    disabled, other, _ = endpoint_ids
    _owe(database, disabled, 10)
    _owe(database, other, 1)
    with database.transaction() as session:
        webhooks.disable(session, session.get_one(Endpoint, disabled), "by hand")

    assert _claim(database) == {other: 1}
    assert _rows(database, disabled) == []


def test_couriers_that_claim_at_once_keep_the_limit(database: Database, endpoint_ids: list[UUID]) -> None:
    for endpoint_id in endpoint_ids:
        _owe(database, endpoint_id, 50)
    claimed: list[Counter[UUID | None]] = []
    start = threading.Barrier(6)

    def courier() -> None:
        start.wait()
        claimed.extend(_claim(database, places=8) for _ in range(5))

    threads = [threading.Thread(target=courier) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # Whoever came while another was counting took nothing; the next claim finds what is left.
    claimed += [_claim(database) for _ in range(3)]
    assert sum(claimed, Counter[UUID | None]()) == dict.fromkeys(endpoint_ids, 4)
