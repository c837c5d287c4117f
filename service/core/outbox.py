"""The queue: rows that say what is owed. `due_at` alone gives batching, retries, backpressure and "how far behind"."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import ColumnElement, Executable, Table, bindparam, delete, func, literal, select, update
from sqlmodel import Session, col

from service.core import bulk, db
from service.core.models import OutboxRow
from service.core.queue import Topic

_OUTBOX: Table = OutboxRow.__table__  # type: ignore[attr-defined]
# When what can wait is due: never. It is done when nothing is due, and delays nothing that is.
_SOMETIME = datetime(9000, 1, 1, tzinfo=UTC)


def put(session: Session, topic: Topic, subject_id: UUID, endpoint_id: UUID | None = None) -> None:
    """Owe this work; the bell rings when the transaction has committed."""
    put_all(session, topic, [(subject_id, endpoint_id)])


def put_all(
    session: Session,
    topic: Topic,
    owed: Sequence[tuple[UUID, UUID | None]],
    *,
    can_wait: bool = False,
    delay: timedelta = timedelta(),
) -> None:
    """Owe this work for many subjects, each with the endpoint that gets it, if any.

    What `can_wait` is done when nothing is due (`claim_waiting`). Nobody takes it up before the delay is over.
    """
    if not owed:
        return
    now = db.now(session)
    due_at = _SOMETIME if can_wait else now + delay
    new = {"topic": topic, "created_at": now, "due_at": due_at, "attempts": 0, "lease": None}
    rows = [
        {"id": db.new_id(), "subject_id": subject_id, "endpoint_id": endpoint_id, **new}
        for subject_id, endpoint_id in owed
    ]
    bulk.insert(session, _OUTBOX, rows)
    session.info.setdefault("topics", set()).add(topic)


def claim(
    session: Session, topic: Topic, limit: int, lease: timedelta, *conditions: ColumnElement[bool], **given: object
) -> list[OutboxRow]:
    """Take up to `limit` due rows that meet the conditions, oldest first, for as long as the lease lasts.

    Conditions are made once, for all calls: what differs from call to call is a parameter of theirs, which is `given`.
    The rows are no part of the session.
    """
    return _claim(session, _claiming(_DUE, *conditions), topic, limit, lease, given)


def claim_waiting(session: Session, topic: Topic, limit: int, lease: timedelta) -> list[OutboxRow]:
    """Take rows that can wait. Once claimed they are like all others: due again when the lease ends."""
    return _claim(session, _claiming(_CAN_WAIT), topic, limit, lease, {})


def _claim(
    session: Session, claiming: Executable, topic: Topic, limit: int, lease: timedelta, given: Mapping[str, object]
) -> list[OutboxRow]:
    now = db.now(session)
    new = {"new_lease": uuid_utils.compat.uuid4(), "until": now + lease}
    found = session.execute(claiming, {"of_topic": topic, "limit": limit, "now": now, **new, **given})
    # RETURNING has no order of its own.
    return sorted((db.instance(OutboxRow, row._mapping) for row in found), key=lambda row: row.id)  # noqa: SLF001 - public


def finish(session: Session, rows: Sequence[OutboxRow]) -> set[UUID]:
    """Delete the rows that are still mine and give back their ids; the work of the others is somebody else's now."""
    return _change_mine(session, _finishing, rows)


def postpone(session: Session, row: OutboxRow, delay: timedelta) -> bool:
    """Make the row due again later, if it is still mine."""
    return bool(_change_mine(session, _postponing, [row], later=db.now(session) + delay))


def give_back(session: Session, rows: Sequence[OutboxRow]) -> None:
    """Make due, at once and as if it had not been claimed, what is still mine and was not tried."""
    _change_mine(session, _giving_back, rows, later=db.now(session))


def _change_mine(
    session: Session, change: Callable[[str], Executable], rows: Sequence[OutboxRow], **given: object
) -> set[UUID]:
    """Change the rows that are still mine; their ids."""
    if not rows:
        return set()
    mine = {"ids": [row.id for row in rows], "leases": [*{row.lease for row in rows if row.lease}]}
    return set(session.scalars(change(session.get_bind().dialect.name), {**mine, **given}))


def take_over(session: Session) -> None:
    """Make due, at once, what others hold: for who knows that they have died."""
    held = update(OutboxRow).where(col(OutboxRow.lease).is_not(None), col(OutboxRow.due_at) > db.now(session))
    session.execute(held.values(due_at=db.now(session)), execution_options={"synchronize_session": False})


def forget(session: Session, subject_ids: Collection[UUID]) -> None:
    """The subjects are erased: nothing is owed for them. A row in a worker's hands is left: it will find no subject."""
    # Not waited for: the worker locks the row and then the comment, whoever erases has locked the comment already.
    owed = (
        select(col(OutboxRow.id))
        .where(col(OutboxRow.subject_id).in_(subject_ids))
        .with_for_update(skip_locked=True)
        .cte("owed")
    )
    session.execute(delete(OutboxRow).where(col(OutboxRow.id).in_(select(owed.c.id))))


def recall(session: Session, subject_id: UUID) -> bool:
    """Owe nothing for the subject any more; False, and nothing changes, when somebody has taken up a part of it."""
    owed = select(OutboxRow).where(col(OutboxRow.subject_id) == subject_id).order_by(col(OutboxRow.id))
    # Waits for a worker that is claiming just now, and sees what it has claimed.
    rows = session.scalars(owed.with_for_update(), execution_options={"populate_existing": True}).all()
    if any(row.attempts or row.lease for row in rows):
        return False
    for row in rows:
        session.delete(row)
    return True


def lag(session: Session) -> dict[Topic, timedelta]:
    """How long the oldest due row of each topic has been waiting; no entry when nothing is due."""
    waits = {topic: waited(session, topic) for topic in Topic}
    return {topic: wait for topic, wait in waits.items() if wait is not None}


def waited(session: Session, topic: Topic) -> timedelta | None:
    """How long the oldest due row of the topic has been waiting; None when nothing is due."""
    now = db.now(session)
    # The first in the index, however many are due.
    oldest = session.scalar(
        select(func.min(OutboxRow.due_at)).where(col(OutboxRow.topic) == topic, col(OutboxRow.due_at) <= now)
    )
    return None if oldest is None else now - oldest


def anything_waits(session: Session, topic: Topic) -> bool:
    """Whether there are rows that can wait."""
    first = select(col(OutboxRow.id)).where(col(OutboxRow.topic) == topic, col(OutboxRow.due_at) >= _SOMETIME).limit(1)
    return session.scalar(first) is not None


def is_due(session: Session, topic: Topic, *conditions: ColumnElement[bool]) -> bool:
    """Whether there is something to claim. Conditions are made once, as those of `claim`."""
    found = session.execute(_first(_DUE, *conditions), {"of_topic": topic, "now": db.now(session)})
    return found.first() is not None


# Statements are built once: to build one costs more than to run it.
_DUE = _OUTBOX.c.due_at <= bindparam("now")
_CAN_WAIT = _OUTBOX.c.due_at >= literal(_SOMETIME)


@cache
def _claiming(*conditions: ColumnElement[bool]) -> Executable:
    due = (
        select(_OUTBOX.c.id)
        .where(_OUTBOX.c.topic == bindparam("of_topic"), *conditions)
        .order_by(_OUTBOX.c.due_at)
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True)
        # A subquery in its place may be run once a row by PostgreSQL's planner, each time with other rows.
        .cte("due")
    )
    mine = update(_OUTBOX).where(_OUTBOX.c.id.in_(select(due.c.id)))
    new = {"lease": bindparam("new_lease"), "due_at": bindparam("until"), "attempts": _OUTBOX.c.attempts + 1}
    return mine.values(new).returning(*_OUTBOX.c)


@cache
def _first(*conditions: ColumnElement[bool]) -> Executable:
    return select(_OUTBOX.c.id).where(_OUTBOX.c.topic == bindparam("of_topic"), *conditions).limit(1)


@cache
def _finishing(dialect: str) -> Executable:
    return delete(_OUTBOX).where(_mine(dialect)).returning(_OUTBOX.c.id)


@cache
def _postponing(dialect: str) -> Executable:
    later: dict[str, Any] = {"due_at": bindparam("later"), "lease": None}
    return update(_OUTBOX).where(_mine(dialect)).values(later).returning(_OUTBOX.c.id)


@cache
def _giving_back(dialect: str) -> Executable:
    untried = {"due_at": bindparam("later"), "lease": None, "attempts": _OUTBOX.c.attempts - 1}
    return update(_OUTBOX).where(_mine(dialect)).values(untried).returning(_OUTBOX.c.id)


def _mine(dialect: str) -> ColumnElement[bool]:
    return bulk.among_given(dialect, _OUTBOX.c.id, "ids") & bulk.among_given(dialect, _OUTBOX.c.lease, "leases")
