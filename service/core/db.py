"""The database: engine, transactions, and the two places where PostgreSQL and SQLite differ."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    Table,
    event,
    make_url,
)
from sqlalchemy import create_engine as sqlalchemy_engine
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.orm import class_mapper
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

from service.core import postgresql
from service.core.encryption import Keyring
from service.core.queue import Bell

Model = TypeVar("Model", bound=SQLModel)

# Time-ordered (RFC 9562, version 7): new rows land at the end of every index.
new_id = uuid_utils.compat.uuid7


def first_id(at: datetime) -> UUID:
    """What every id from then on is larger than (RFC 9562, version 7): the key finds old rows without an index more."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def id_of(at: datetime) -> UUID:
    """A new id of that time: what is old takes its place among the old."""
    since_1970 = max(at, datetime.fromtimestamp(0, UTC))
    return UUID(int=first_id(since_1970).int | new_id().int & _BELOW_TIME)


_BELOW_TIME = (1 << 80) - 1


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time in Python, on SQLite too, which forgets time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Opens transactions for the edges, and rings the bell for what a transaction has put in the outbox.

    With `patience` a transaction waits no longer than this for PostgreSQL, all in all, and then raises DBAPIError. When
    it was waiting for its COMMIT, it may or may not be committed.
    """

    def __init__(
        self, engine: Engine, bell: Bell, patience: timedelta | None = None, keyring: Keyring | None = None
    ) -> None:
        self.engine = engine
        self.bell = bell
        self.patience = patience
        self.keyring = keyring or Keyring()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit when the block ends, roll back when it raises; the bell rings only after the commit."""
        with postgresql.patience(self.patience), self._session() as session:
            yield session
            session.commit()
            for topic in session.info.get("topics", ()):
                self.bell.ring(topic)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that writes nothing, so that on SQLite it does not wait for the writer's lock."""
        with postgresql.patience(self.patience), self._session() as session:
            session.connection(execution_options={"sqlite_begin": "DEFERRED"})
            yield session

    def _session(self) -> Session:
        return Session(self.engine, expire_on_commit=False, info={"keyring": self.keyring})


# What a worker waits for PostgreSQL in a transaction: long enough for the slowest, and a frozen server is given up.
WORKERS_PATIENCE = timedelta(seconds=10)
# How long a writer of SQLite waits for the one before.
_BUSY_SECONDS = 10


def create_engine(url: str) -> Engine:
    """The engine for `url`. Parameters are hidden: an error that is logged must not carry a comment's text."""
    parsed = make_url(url)
    return _sqlite_engine(url) if parsed.get_backend_name() == "sqlite" else postgresql.engine(parsed)


def _sqlite_engine(url: str) -> Engine:
    if path := make_url(url).database:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    # A connection for each thread that may want one: opening one costs more than most of our transactions.
    waits = {"timeout": _BUSY_SECONDS}
    engine = sqlalchemy_engine(url, hide_parameters=True, connect_args=waits, pool_size=50)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        # Python's own implicit BEGIN comes too late for a lock; `begin` below says it.
        connection.isolation_level = None
        connection.execute(f"PRAGMA journal_mode={_journal_mode()}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # What is erased must not stay in the file's free pages; not every build of SQLite has this on.
        connection.execute("PRAGMA secure_delete=ON")

    # SQLite takes one writer and lets the others wait by sleeping, up to 100 ms at a time: our threads queue up here
    # instead, and whoever waits in vain falls back on SQLite's way.
    turn = threading.Lock()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock at once: a read that turns into a write would fail instead of waiting.
        mode = connection.get_execution_options().get("sqlite_begin", "IMMEDIATE")
        if mode == "IMMEDIATE" and "turn" not in connection.info and turn.acquire(timeout=_BUSY_SECONDS):
            connection.info["turn"] = True
        connection.exec_driver_sql(f"BEGIN {mode}")

    @event.listens_for(engine, "checkin")
    def end_turn(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        if record.info.pop("turn", False):
            turn.release()

    return engine


def _journal_mode() -> str:
    """DELETE where WAL can corrupt the file (sqlite.org/wal.html#walresetbug: 3.7.0 to 3.51.2 but two backports)."""
    version = sqlite3.sqlite_version_info
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    return "WAL" if mended else "DELETE"


def now(session: Session) -> datetime:
    """The database's clock, one value a transaction: all workers share it, while their own may be wrong."""
    if "now" not in session.info:
        # A SQLite database is this machine's, and its own clock has whole seconds.
        local = session.get_bind().dialect.name == "sqlite"
        session.info["now"] = datetime.now(UTC) if local else _clock(session)
    at: datetime = session.info["now"]
    return at


def _clock(session: Session) -> datetime:
    # Asked of the driver: nearly every transaction asks, and a statement of SQLAlchemy's costs more than the answer.
    at: datetime = session.connection().exec_driver_sql("SELECT now()").scalar_one()
    return at.astimezone(UTC)


def keyring(session: Session) -> Keyring:
    """What this database's secrets are encrypted with."""
    found: Keyring = session.info["keyring"]
    return found


def instance(model: type[Model], values: Mapping[Any, Any]) -> Model:
    """The object of a row with all its columns, as a query would give it; the session does not know it.

    What the constructor of a table's class does for each attribute takes fifty times as long.
    """
    made: Model = class_mapper(model).class_manager.new_instance()
    vars(made).update(values)
    return made


def insert(session: Session, into: Table | type[SQLModel]) -> postgresql_dialect.Insert | sqlite_dialect.Insert:
    """An INSERT that can say what happens ON CONFLICT, which each kind of database has for itself."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql_dialect.insert(into)
    return sqlite_dialect.insert(into)
