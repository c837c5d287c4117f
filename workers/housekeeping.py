"""Housekeeping: what is older than the deployment keeps is removed, and days that are over are counted, once an hour.

Any number of processes may do it at once: each finds what is left.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, exists
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, delete, select, tuple_

from service.core import console_sessions, db, erasure, insights, spot_checks, throttle
from service.core.db import Database
from service.core.mail import owed
from service.core.models import (
    AccountEntry,
    AuditEntry,
    ConsoleSession,
    Event,
    IdempotencyKey,
    Imprint,
    Invitation,
    Mail,
    OutboxRow,
    PendingLogin,
    SpotCheck,
)
from service.core.settings import Settings
from workers import history

log = structlog.get_logger()

# Removes some rows and tells how many; 0: there are no more.
Batch = Callable[[Session], int]

_EVERY = timedelta(hours=1)
_ROUND = timedelta(seconds=30)
# Longer than any door waits for a verdict.
_LEFT_AFTER = timedelta(minutes=1)
# Between two batches: whoever waits for the database has a turn.
_BREATH_SECONDS = 0.05
_ROWS = 500


def run(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Tidy up now and every hour, until told to stop."""
    rounds = _EVERY // _ROUND
    number = 0
    while not stop.is_set():
        try:
            if number % rounds == 0:
                # First: what is kept no longer has to be counted before.
                count_days(database, stop)
                removed = tidy(database, settings, stop)
                log.info("housekeeping", **{name: count for name, count in removed.items() if count})
            erase_leftovers(database)
            empty_journal(database)
        except DBAPIError as error:
            log.error("housekeeping.database", error=type(error.orig).__name__)
        except Exception:
            # The thread must live: there is another hour.
            log.exception("housekeeping.failed")
        number += 1
        stop.wait(_ROUND.total_seconds())


def tidy(database: Database, settings: Settings, stop: threading.Event) -> Counter[str]:
    """Remove all that is kept no longer: how many rows of what."""
    removed: Counter[str] = Counter()
    for name, batch in _rules(settings):
        while not stop.is_set():
            with database.transaction() as session:
                count = batch(session)
            removed[name] += count
            if not count:
                break
            stop.wait(_BREATH_SECONDS)
    return removed


def count_days(database: Database, stop: threading.Event) -> None:
    """Count what was decided on the days that are over, each in a transaction of its own."""
    with database.reading() as session:
        due = insights.due(session)
    for site_id, day in due:
        if stop.is_set():
            return
        with database.transaction() as session:
            insights.keep(session, site_id, day)


def erase_leftovers(database: Database) -> None:
    """Erase what was only asked about, when the process that was asked has died before it could."""
    with database.transaction() as session:
        if count := erasure.transient_before(session, db.now(session) - _LEFT_AFTER):
            log.info("housekeeping.leftovers", comments=count)


def empty_journal(database: Database) -> None:
    """Empty SQLite's write-ahead log, which still holds what was erased. The rollback journal is gone by itself."""
    if database.engine.dialect.name != "sqlite":
        return
    connection = database.engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _rules(settings: Settings) -> Iterator[tuple[str, Batch]]:
    if settings.keep_comments_days:
        yield "comments", _comments(timedelta(days=settings.keep_comments_days))
    if settings.keep_traces_days:
        yield "traces", _traces(timedelta(days=settings.keep_traces_days))
    yield "events", _events(timedelta(days=settings.keep_events_days))
    yield "imprints", _imprints(history.SIMILAR_WITHIN)
    yield "idempotency_keys", _idempotency_keys(timedelta(hours=settings.keep_idempotency_hours))
    if settings.keep_audit_days:
        yield "audit", _audit(timedelta(days=settings.keep_audit_days))
        yield "account_entries", _account_entries(timedelta(days=settings.keep_audit_days))
    yield "console_sessions", _console_sessions(settings)
    yield "pending_logins", _pending_logins
    yield "invitations", _invitations
    yield "mails", _mails
    yield "spot_checks", _spot_checks
    yield "login_throttle", throttle.forget


def _comments(age: timedelta) -> Batch:
    return lambda session: erasure.decided_before(session, db.now(session) - age)


def _traces(age: timedelta) -> Batch:
    last = UUID(int=0)

    def batch(session: Session) -> int:
        nonlocal last
        emptied = erasure.traces_before(session, db.now(session) - age, last)
        last = emptied[-1] if emptied else last
        return len(emptied)

    return batch


def _events(age: timedelta) -> Batch:
    """With their deliveries. One that is still owed to somebody stays."""
    owed = exists().where(col(OutboxRow.subject_id) == Event.id)
    return lambda session: _delete(session, Event.id, (col(Event.id) < db.first_id(db.now(session) - age)) & ~owed)


def _idempotency_keys(age: timedelta) -> Batch:
    key = tuple_(col(IdempotencyKey.site_id), col(IdempotencyKey.key))

    def batch(session: Session) -> int:
        old = select(IdempotencyKey.site_id, IdempotencyKey.key).where(
            col(IdempotencyKey.created_at) < db.now(session) - age
        )
        gone = delete(IdempotencyKey).where(key.in_(old.limit(_ROWS))).returning(col(IdempotencyKey.key))
        return len(session.scalars(gone, execution_options={"synchronize_session": False}).all())

    return batch


def _imprints(age: timedelta) -> Batch:
    """Nobody looks at them any more, whatever the deployment keeps."""
    return lambda session: _delete(
        session, Imprint.comment_id, col(Imprint.comment_id) < db.first_id(db.now(session) - age)
    )


def _audit(age: timedelta) -> Batch:
    return lambda session: _delete(session, AuditEntry.id, col(AuditEntry.id) < db.first_id(db.now(session) - age))


def _account_entries(age: timedelta) -> Batch:
    return lambda session: _delete(session, AccountEntry.id, col(AccountEntry.id) < db.first_id(db.now(session) - age))


def _pending_logins(session: Session) -> int:
    late = col(PendingLogin.created_at) < db.now(session) - console_sessions.CODE_WITHIN
    return _delete(session, PendingLogin.token_hash, late)


def _invitations(session: Session) -> int:
    return _delete(session, Invitation.token_hash, col(Invitation.expires_at) <= db.now(session))


def _mails(session: Session) -> int:
    """Those that could not be sent, or that nobody sends because there is no mail server."""
    return _delete(session, Mail.id, col(Mail.created_at) < db.now(session) - owed.KEEP)


def _spot_checks(session: Session) -> int:
    """Those that nobody has looked at in time."""
    late = col(SpotCheck.drawn_at) < db.now(session) - spot_checks.OFFERED_FOR
    return _delete(session, SpotCheck.comment_id, late & col(SpotCheck.checked_at).is_(None))


def _console_sessions(settings: Settings) -> Batch:
    def batch(session: Session) -> int:
        now = db.now(session)
        idle = col(ConsoleSession.seen_at) < now - settings.console_session_idle
        long = col(ConsoleSession.created_at) < now - settings.console_session_length
        return _delete(session, ConsoleSession.token_hash, idle | long)

    return batch


def _delete(session: Session, key: Any, which: ColumnElement[bool]) -> int:
    """Up to `_ROWS` rows of the key's table."""
    # One that somebody holds has its turn in an hour.
    old = session.exec(select(key).where(which).order_by(key).limit(_ROWS).with_for_update(skip_locked=True)).all()
    session.execute(delete(key.class_).where(key.in_(old)), execution_options={"synchronize_session": False})
    return len(old)
