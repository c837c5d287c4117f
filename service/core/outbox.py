"""The queue: rows that say what is owed. `due_at` alone gives batching, retries, backpressure and "how far behind"."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import ColumnElement, Table, delete, func, select, update
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
    session: Session, topic: Topic, limit: int, lease: timedelta, *conditions: ColumnElement[bool]
) -> list[OutboxRow]:
    """Take up to `limit` due rows that meet the conditions, oldest first, for as long as the lease lasts."""
    return _claim(session, topic, limit, lease, col(OutboxRow.due_at) <= db.now(session), *conditions)


def claim_waiting(session: Session, topic: Topic, limit: int, lease: timedelta) -> list[OutboxRow]:
    """Take rows that can wait. Once claimed they are like all others: due again when the lease ends."""
    return _claim(session, topic, limit, lease, col(OutboxRow.due_at) >= _SOMETIME)


def _claim(
    session: Session, topic: Topic, limit: int, lease: timedelta, *conditions: ColumnElement[bool]
) -> list[OutboxRow]:
    now = db.now(session)
    due = (
        select(col(OutboxRow.id))
        .where(col(OutboxRow.topic) == topic, *conditions)
        .order_by(col(OutboxRow.due_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
        # A subquery in its place may be run once a row by PostgreSQL's planner, each time with other rows.
        .cte("due")
    )
    claimed = (
        update(OutboxRow)
        .where(col(OutboxRow.id).in_(select(due.c.id)))
        .values(lease=uuid_utils.compat.uuid4(), due_at=now + lease, attempts=OutboxRow.attempts + 1)
        .returning(OutboxRow)
    )
    rows = list(session.scalars(claimed, execution_options={"populate_existing": True}))
    # RETURNING has no order of its own.
    return sorted(rows, key=lambda row: row.id)


def finish(session: Session, rows: Sequence[OutboxRow]) -> set[UUID]:
    """Delete the rows that are still mine and give back their ids; the work of the others is somebody else's now."""
    if not rows:
        return set()
    done = delete(OutboxRow).where(_mine(session, rows)).returning(col(OutboxRow.id))
    return set(session.scalars(done, execution_options={"synchronize_session": False}))


def postpone(session: Session, row: OutboxRow, delay: timedelta) -> bool:
    """Make the row due again later, if it is still mine."""
    later = (
        update(OutboxRow)
        .where(_mine(session, [row]))
        .values(due_at=db.now(session) + delay, lease=None)
        .returning(col(OutboxRow.id))
    )
    return session.scalars(later, execution_options={"synchronize_session": False}).first() is not None


def give_back(session: Session, rows: Sequence[OutboxRow]) -> None:
    """Make due, at once and as if it had not been claimed, what is still mine and was not tried."""
    if rows:
        untried = update(OutboxRow).where(_mine(session, rows))
        session.execute(
            untried.values(due_at=db.now(session), lease=None, attempts=OutboxRow.attempts - 1),
            execution_options={"synchronize_session": False},
        )


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
    """Whether there is something to claim."""
    due = select(col(OutboxRow.id)).where(
        col(OutboxRow.topic) == topic, col(OutboxRow.due_at) <= db.now(session), *conditions
    )
    return session.scalars(due.limit(1)).first() is not None


def _mine(session: Session, rows: Sequence[OutboxRow]) -> ColumnElement[bool]:
    mine = bulk.among(session, col(OutboxRow.id), [row.id for row in rows])
    return mine & bulk.among(session, col(OutboxRow.lease), {row.lease for row in rows if row.lease})
