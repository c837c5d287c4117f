"""Many rows in one statement: what is stored is what the ORM would have stored."""

import threading
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Table
from sqlmodel import Session, col, select

from service.core import bulk, db, sites
from service.core.db import Database
from service.core.models import AuditEntry, Site, Status

_SITES: Table = Site.__table__  # type: ignore[attr-defined]
_ENTRIES: Table = AuditEntry.__table__  # type: ignore[attr-defined]
AT = datetime(2026, 11, 25, 12, 30, 0, 123456, tzinfo=UTC)
# JSON has escapes for these, SQL has quotes.
TEXT = "“quoted”, 'so', \"too\"\n\\ {} 🦉 \x01"


@pytest.fixture
def site_id(database: Database) -> UUID:
    with database.transaction() as session:
        return sites.create(session, "Blog").id


def _entry(site_id: UUID, **other: object) -> dict[str, object]:
    made = AuditEntry(
        site_id=site_id,
        comment_id=db.new_id(),
        at=AT,
        actor=TEXT,
        action="settle",
        sequence=2**31 - 1,
        before=Status.PENDING,
        after=None,
        detail={"rule": TEXT, "score": 0.1 + 0.2, "none": None, "deep": [{"a": [1, 2.5, True]}]},
    )
    return {**made.model_dump(), **other}


def _stored(database: Database) -> list[dict[str, object]]:
    with database.reading() as session:
        return [entry.model_dump() for entry in session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))]


def test_every_value_comes_back_as_it_went_in(database: Database, site_id: UUID) -> None:
    entries = [_entry(site_id), _entry(site_id, detail=None), _entry(site_id, before=None, after=Status.HELD)]

    with database.transaction() as session:
        bulk.insert(session, _ENTRIES, entries)

    assert _stored(database) == entries


def test_a_change_touches_its_rows_and_columns_alone(database: Database, site_id: UUID) -> None:
    entries = [_entry(site_id) for _ in range(3)]
    changes = [{"id": entry["id"], "detail": {"new": TEXT}, "after": Status.APPROVED} for entry in entries[1:]]

    with database.transaction() as session:
        bulk.insert(session, _ENTRIES, entries)
        bulk.update(session, _ENTRIES, changes)

    assert _stored(database) == [entries[0], entries[1] | changes[0], entries[2] | changes[1]]


def test_absent_rows_are_inserted_and_present_ones_left_alone(database: Database) -> None:
    site, other = Site(name="first"), Site(name="other")
    again = Site(id=site.id, name="second")

    with database.transaction() as session:
        before = bulk.insert_if_absent(session, _SITES, [site.model_dump()])
        after = bulk.insert_if_absent(session, _SITES, [again.model_dump(), other.model_dump()])

    with database.reading() as session:
        names = session.exec(select(Site.name)).all()
    assert (before, after) == ({(site.id,)}, {(other.id,)})
    assert set(names) == {"first", "other"}


def test_of_two_rows_that_are_the_same_the_first_is_inserted(database: Database) -> None:
    sites = [Site(name="same"), Site(name="same")]

    with database.transaction() as session:
        inserted = bulk.insert_if_absent(session, _SITES, [site.model_dump() for site in sites])

    assert inserted == {(sites[0].id,)}


def test_an_insert_waits_for_a_rival_and_takes_over_when_it_rolls_back(database: Database) -> None:
    site_id = db.new_id()
    rival_has_inserted = threading.Event()
    go_on = threading.Event()
    second: list[bool] = []

    def roll_back() -> None:
        with database.reading() as session:  # it ends without a commit
            _insert(session, site_id)
            rival_has_inserted.set()
            go_on.wait(10)

    def insert() -> None:
        with database.transaction() as session:
            second.append(_insert(session, site_id))

    rival = threading.Thread(target=roll_back)
    waiter = threading.Thread(target=insert)
    rival.start()
    assert rival_has_inserted.wait(10)
    waiter.start()
    waiter.join(0.2)
    waited = waiter.is_alive()
    go_on.set()
    rival.join(10)
    waiter.join(10)

    assert waited
    assert second == [True]


def _insert(session: Session, site_id: UUID) -> bool:
    values = Site(id=site_id, name="Treaty blog").model_dump()
    return bool(bulk.insert_if_absent(session, _SITES, [values]))


def test_nothing_is_no_statement(database: Database) -> None:
    with database.transaction() as session:
        bulk.insert(session, _ENTRIES, [])
        bulk.update(session, _ENTRIES, [])

    assert _stored(database) == []


def test_among_finds_what_is_in_the_values(database: Database, site_id: UUID) -> None:
    entries = [_entry(site_id) for _ in range(3)]

    with database.transaction() as session:
        bulk.insert(session, _ENTRIES, entries)
        wanted = [entries[0]["id"], entries[2]["id"]]
        found = session.scalars(select(AuditEntry.id).where(bulk.among(session, col(AuditEntry.id), wanted)))
        none = session.scalars(select(AuditEntry.id).where(bulk.among(session, col(AuditEntry.id), [])))

        assert set(found) == set(wanted)
        assert list(none) == []
