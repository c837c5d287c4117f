"""The database: the bell after the commit, one clock, aware times, and SQLite's two kinds of transaction."""

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlmodel import col, select

from service.core import db, outbox
from service.core.db import Database, create_engine
from service.core.models import Key, Scope, Site
from service.core.queue import Topic
from tests.core.crowds import at_once


class CountingBell:
    """Rings into a list, and looks at each ring whether another connection already sees the site."""

    def __init__(self) -> None:
        self.rung: list[Topic] = []
        self.sites_seen: list[int] = []
        self.database: Database | None = None

    def ring(self, topic: Topic) -> None:
        self.rung.append(topic)
        if self.database:
            with self.database.reading() as session:
                self.sites_seen.append(len(session.exec(select(Site)).all()))


@pytest.fixture
def bell() -> CountingBell:
    return CountingBell()


@pytest.fixture
def rung_database(database: Database, bell: CountingBell) -> Database:
    return Database(database.engine, bell)


def test_the_bell_rings_once_a_topic(rung_database: Database, bell: CountingBell) -> None:
    with rung_database.transaction() as session:
        for topic in (Topic.SCORE, Topic.SCORE, Topic.DELIVER):
            outbox.put(session, topic, db.new_id())

    assert sorted(bell.rung) == [Topic.DELIVER, Topic.SCORE]


def test_whoever_hears_the_bell_finds_the_row_committed(rung_database: Database, bell: CountingBell) -> None:
    bell.database = rung_database

    with rung_database.transaction() as session:
        session.add(Site(name="Treaty blog"))
        outbox.put(session, Topic.SCORE, db.new_id())

    assert bell.sites_seen == [1]


def test_the_bell_is_silent_after_a_rollback(rung_database: Database, bell: CountingBell) -> None:
    with pytest.raises(RuntimeError, match="the step failed"), rung_database.transaction() as session:  # noqa: PT012
        session.add(Site(name="Treaty blog"))
        outbox.put(session, Topic.SCORE, db.new_id())
        session.flush()
        raise RuntimeError("the step failed")

    with rung_database.reading() as session:
        assert session.exec(select(Site)).all() == []
    assert bell.rung == []


def test_the_bell_is_silent_when_the_commit_itself_fails(rung_database: Database, bell: CountingBell) -> None:
    unknown = db.new_id()

    with pytest.raises(Exception, match=r"(?i)foreign key"), rung_database.transaction() as session:  # noqa: PT012
        session.add(Key(id="k", site_id=unknown, secret_hash="", scope=Scope.READ))
        outbox.put(session, Topic.SCORE, db.new_id())

    assert bell.rung == []


def test_a_time_comes_back_aware_and_in_utc(database: Database) -> None:
    tokyo = timezone(timedelta(hours=9))
    written = datetime(2026, 3, 1, 8, 30, 15, 123456, tzinfo=tokyo)
    with database.transaction() as session:
        session.add(site := Site(name="Treaty blog", created_at=written))

    with database.reading() as session:
        read = session.get_one(Site, site.id).created_at

    assert read == written
    assert read.tzinfo is UTC


def test_times_of_different_zones_are_compared_as_instants(database: Database) -> None:
    earlier = datetime(2026, 3, 1, 9, 0, tzinfo=timezone(timedelta(hours=9)))  # midnight in UTC
    later = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
    with database.transaction() as session:
        session.add_all([Site(name="earlier", created_at=earlier), Site(name="later", created_at=later)])

    with database.reading() as session:
        found = session.exec(select(Site.name).where(col(Site.created_at) < later)).all()

    assert found == ["earlier"]


def test_the_clock_stands_still_within_a_transaction(database: Database) -> None:
    with database.transaction() as session:
        first, second = db.now(session), db.now(session)

    assert first == second
    assert first.tzinfo is not None
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_clock_goes_on_from_one_transaction_to_the_next(database: Database) -> None:
    with database.transaction() as session:
        first = db.now(session)
    with database.transaction() as session:
        second = db.now(session)

    assert second > first


def test_a_reader_gets_through_while_a_writer_is_at_work(database: Database) -> None:
    with database.transaction() as writing:
        writing.add(Site(name="Treaty blog"))
        writing.flush()

        # SQLite would wait ten seconds for the lock and fail.
        with database.reading() as reading:
            assert reading.exec(select(Site)).all() == []


def test_what_a_reader_writes_is_not_kept(database: Database) -> None:
    with database.reading() as session:
        session.add(Site(name="Treaty blog"))
        session.flush()

    with database.reading() as session:
        assert session.exec(select(Site)).all() == []


def test_after_a_reader_the_same_connection_writes_with_the_lock_again(database: Database) -> None:
    """`reading` must not leave its mode on a pooled connection: two who read and then write would both fail."""
    with database.reading() as session:
        session.exec(select(Site)).all()

    def read_then_write(number: int) -> None:
        with database.transaction() as session:
            count = len(session.exec(select(Site)).all())
            session.add(Site(name=f"{number} after {count}"))

    at_once(4, read_then_write)

    with database.reading() as session:
        assert len(session.exec(select(Site)).all()) == 4


@pytest.mark.parametrize(
    ("version", "mode"),
    [
        ((3, 40, 1), "DELETE"),
        ((3, 44, 5), "DELETE"),
        ((3, 44, 6), "WAL"),
        ((3, 45, 0), "DELETE"),
        ((3, 50, 6), "DELETE"),
        ((3, 50, 7), "WAL"),
        ((3, 51, 2), "DELETE"),
        ((3, 51, 3), "WAL"),
        ((3, 53, 0), "WAL"),
    ],
)
def test_wal_is_used_only_where_it_cannot_corrupt_the_file(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], mode: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)

    assert db._journal_mode() == mode


def test_every_sqlite_connection_is_durable_checks_references_and_wipes_what_it_deletes(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'new folder' / 'gatepost.db'}")

    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    engine.dispose()

    full, on = 2, 1
    assert found == {
        "journal_mode": db._journal_mode().lower(),
        "synchronous": full,
        "foreign_keys": on,
        "secure_delete": on,
    }


def test_ids_grow_with_time() -> None:
    ids = [db.new_id() for _ in range(1000)]

    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
