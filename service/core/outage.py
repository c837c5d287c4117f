"""Tells of a failing database and does not flood the log: whoever asks again and again meets the same failure."""

import threading

import psycopg
import structlog

log = structlog.get_logger()


class LostError(psycopg.OperationalError):
    """There is no connection to be had. The log has been told."""


class Outage:
    """Says when something begins to fail and when it is well again; `where` names it in the log."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._lock = threading.Lock()
        self._on = False

    def __bool__(self) -> bool:
        return self._on

    def failed(self, error: Exception) -> None:
        if self._turn(on=True):
            report(self._where, error)

    def passed(self) -> None:
        # Looked at without the lock first: every step of a worker comes by here.
        if self._on and self._turn(on=False):
            log.info("database.back", where=self._where)

    def _turn(self, *, on: bool) -> bool:
        with self._lock:
            turned, self._on = self._on != on, on
        return turned


def report(where: str, error: Exception) -> None:
    """The kind of the error alone: its text may quote a comment."""
    cause = getattr(error, "orig", None) or error
    if not isinstance(cause, LostError):
        log.error("database.failed", where=where, error=type(cause).__name__)
