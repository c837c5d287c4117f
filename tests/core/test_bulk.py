"""Many rows in one statement: what is stored is what the ORM would have stored."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Table
from sqlmodel import col, select

from service.core import bulk, db, sites
from service.core.db import Database
from service.core.models import AuditEntry, Status

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


def test_what_is_there_already_is_left_and_the_rest_inserted(database: Database, site_id: UUID) -> None:
    old = _entry(site_id)
    with database.transaction() as session:
        bulk.insert(session, _ENTRIES, [old])

    new = _entry(site_id)
    with database.transaction() as session:
        bulk.insert(session, _ENTRIES, [{**old, "actor": "another"}, new], if_absent=True)

    assert _stored(database) == [old, new]


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
