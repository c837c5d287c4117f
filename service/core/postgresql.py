"""PostgreSQL's connections: no transaction waits longer than its patience, and a lost server is asked by one at a time.

A frozen server keeps its connections open and answers nothing, and no timeout of TCP ends that: we look at the clock.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from service.core.outage import LostError, Outage

Answer = TypeVar("Answer")

_SETTINGS = {
    "connect_timeout": 5,
    # For who has more patience: a host that is gone, not only its server, is told by the kernel within seconds.
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 4000,
}
# A server that works or waits for a lock does not look else whether anybody still wants the answer.
_LEAVE_WITH_CLIENT = "SET client_connection_check_interval = '1s'"
# How often psycopg looks up from waiting.
_INTERVAL_SECONDS = 0.1
# A connection that was in use so recently is not asked whether it still lives.
_TRUSTED_SECONDS = 1.0


class Patience:
    """The seconds that a transaction may still wait for the server, over all its waits: its own work is not counted."""

    def __init__(self, limit: timedelta) -> None:
        self._left = limit.total_seconds()

    @contextmanager
    def wait(self) -> Iterator[float]:
        started = time.monotonic()
        try:
            yield self._left
        finally:
            self._left = max(0.0, self._left - (time.monotonic() - started))


_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


@contextmanager
def patience(limit: timedelta | None) -> Iterator[None]:
    """What happens in the block waits no longer than this; None: for as long as it takes."""
    token = _patience.set(Patience(limit) if limit else None)
    try:
        yield
    finally:
        _patience.reset(token)


class Connection(psycopg.Connection[Any]):
    """Raises OperationalError when the patience ends. It is closed then: the answer may still come, to nobody."""

    def wait(self, gen: PQGen[Answer], interval: float = _INTERVAL_SECONDS, timeout: float | None = None) -> Answer:
        current = _patience.get()
        if current is None:
            return super().wait(gen, interval, timeout)
        try:
            with current.wait() as left:
                return super().wait(gen, interval, left)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


class Gate:
    """Where connections are made. While the server is lost one may try at a time, and the others are refused at once.

    Else every thread of the web would wait out its patience, and requests queue up for threads.
    """

    def __init__(self) -> None:
        self._outage = Outage("connecting")
        self._trying = threading.Lock()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Raises LostError, also for what goes wrong in the block."""
        alone = bool(self._outage)
        if alone and not self._trying.acquire(blocking=False):
            raise LostError("the server is lost")
        try:
            yield
            self._outage.passed()
        except psycopg.Error as error:
            self._outage.failed(error)
            raise LostError(str(error)) from error
        finally:
            if alone:
                self._trying.release()


def engine(url: URL) -> Engine:
    # What the URL says itself counts.
    settings = {name: value for name, value in _SETTINGS.items() if name not in url.query}
    # A connection for each of the web's forty threads: one that waits for a connection would hold its thread. The last
    # one used is the next, so that under load few of them are asked whether they still live.
    made = create_engine(url, hide_parameters=True, connect_args=settings, pool_size=40, pool_use_lifo=True)
    gate = Gate()

    @event.listens_for(made, "do_connect")
    def connect(_dialect: object, _record: object, args: list[Any], parameters: dict[str, Any]) -> Connection:
        with gate.passing():
            return _connect(args, parameters)

    @event.listens_for(made, "connect")
    def configure(connection: Connection, _record: object) -> None:
        connection.autocommit = True
        connection.execute(_LEAVE_WITH_CLIENT)
        connection.autocommit = False

    @event.listens_for(made, "checkin")
    def rest(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(made, "checkout")
    def check(connection: Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
        # As SQLAlchemy's `pool_pre_ping`, which asks before each transaction.
        rested = time.monotonic() - record.info.get("rests_since", time.monotonic())
        if rested > _TRUSTED_SECONDS and not _lives(connection):
            raise InvalidatePoolError

    return made


def _lives(connection: Connection) -> bool:
    try:
        connection.autocommit = True
        connection.execute("")
        connection.autocommit = False
    except psycopg.Error:
        return False
    return True


def _connect(args: list[Any], parameters: Mapping[str, Any]) -> Connection:
    current = _patience.get()
    if current is None:
        return Connection.connect(*args, **parameters)
    attempt = _attempt(args, parameters)
    with current.wait() as left:
        try:
            return attempt.result(left)
        except TimeoutError:
            attempt.add_done_callback(_close)
            raise psycopg.errors.ConnectionTimeout from None


def _attempt(args: list[Any], parameters: Mapping[str, Any]) -> Future[Connection]:
    """In a thread of its own: psycopg waits for two seconds at least, and for as long as the name lookup takes."""
    attempt: Future[Connection] = Future()

    def connect() -> None:
        try:
            attempt.set_result(Connection.connect(*args, **parameters))
        except Exception as error:  # noqa: BLE001 - raised by `result`
            attempt.set_exception(error)

    threading.Thread(target=connect, name="connecting", daemon=True).start()
    return attempt


def _close(attempt: Future[Connection]) -> None:
    if not attempt.exception():
        attempt.result().close()
