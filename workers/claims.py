"""Which due webhooks a courier takes next: a few of each endpoint, so that none waits behind another's thousands."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    select,
    update,
)
from sqlmodel import Session, col

from service.core import bulk, db, outbox
from service.core.db import UtcDateTime
from service.core.models import Endpoint, OutboxRow
from service.core.queue import Topic
from workers.paces import Pace
from workers.retries import PAUSE_AFTER

_ENDPOINTS: Table = Endpoint.__table__  # type: ignore[attr-defined]
_ROWS: Table = OutboxRow.__table__  # type: ignore[attr-defined]


def claim(
    session: Session, places: int, lease: timedelta, pace: Pace, without: Collection[UUID] = ()
) -> list[OutboxRow]:
    """Take up to `places` due rows, such that no endpoint has more under way, at all couriers together, than its pace.

    The endpoint that has the fewest under way comes first; those in `without` get nothing. One that only fails gets one
    at a time.
    """
    _set_aside(session)
    due = _next_due(session, _lock_with_room(session, places, pace, without), places, pace)
    these = _these(session.get_bind().dialect.name)
    return outbox.claim(session, Topic.DELIVER, places, lease, these, due=due) if due else []


def _set_aside(session: Session) -> None:
    """What is due to a paused endpoint waits with it; what is due to a disabled one is dropped."""
    now = db.now(session)
    closed = session.execute(_CLOSED, {"now": now}).all()
    without_fetching = {"synchronize_session": False}
    if disabled := [endpoint_id for endpoint_id, _, disabled_at in closed if disabled_at]:
        session.execute(delete(OutboxRow).where(_due_to(session, disabled)), execution_options=without_fetching)
    for endpoint_id, paused_until, disabled_at in closed:
        if not disabled_at:
            waiting = update(OutboxRow).where(_due_to(session, [endpoint_id]))
            session.execute(waiting.values(due_at=paused_until, lease=None), execution_options=without_fetching)


def _due_to(session: Session, endpoint_ids: Sequence[UUID]) -> ColumnElement[bool]:
    # Not waited for: the courier that records an attempt has locked the endpoint first and wants the row next.
    rows = (
        select(_ROWS.c.id)
        .where(_ROWS.c.endpoint_id.in_(endpoint_ids), _ROWS.c.due_at <= db.now(session))
        .with_for_update(skip_locked=True)
        .cte("closed")
    )
    return col(OutboxRow.id).in_(select(rows.c.id))


def _lock_with_room(session: Session, places: int, pace: Pace, without: Collection[UUID]) -> Sequence[UUID]:
    """The endpoints that may get more, locked: what is under way is counted by one courier at a time.

    A courier that stops here for a while, frozen with its machine, stops nobody's deliveries to other endpoints.
    """
    endpoints = {"without": [*without], "grown": [*pace.grown]}
    given = {"now": db.now(session), "places": places, "least": pace.least, "most": pace.most, **endpoints}
    return session.scalars(_with_room(session.get_bind().dialect.name), given).all()


def _next_due(session: Session, endpoint_ids: Sequence[UUID], places: int, pace: Pace) -> Sequence[UUID]:
    """The oldest due rows of the endpoints, as many as each has room for; counted anew, now that they are locked."""
    if not endpoint_ids:
        return []
    given = {"now": db.now(session), "endpoints": endpoint_ids, "places": min(places, pace.most)}
    candidates = [
        (under_way + number, UUID(row_id))
        for endpoint_id, failures, under_way, due in session.execute(_due(session.get_bind().dialect.name), given)
        for number, row_id in enumerate(due.split(",")[: max(_places(pace, endpoint_id, failures) - under_way, 0)])
    ]
    return [row_id for _, row_id in sorted(candidates)[:places]]


def _places(pace: Pace, endpoint_id: UUID, failures: int) -> int:
    return 1 if failures >= PAUSE_AFTER else pace.grown.get(endpoint_id, pace.least)


# Statements are built once: to build one costs more than to run it. Times and numbers are given with each run.
_NOW = bindparam("now", type_=UtcDateTime)
_IS_PAUSED = _ENDPOINTS.c.paused_until > _NOW
_IS_DISABLED = _ENDPOINTS.c.disabled_at.is_not(None)
_CLOSED = select(_ENDPOINTS.c.id, _ENDPOINTS.c.paused_until, _ENDPOINTS.c.disabled_at).where(_IS_PAUSED | _IS_DISABLED)
_THEIR_DUE = (_ROWS.c.endpoint_id == _ENDPOINTS.c.id) & (_ROWS.c.due_at <= _NOW)
# Rows that a courier holds whose lease has not ended.
_UNDER_WAY = (
    select(func.count(type_=Integer))
    .where(_ROWS.c.endpoint_id == _ENDPOINTS.c.id, _ROWS.c.lease.is_not(None), _ROWS.c.due_at > _NOW)
    .correlate(_ENDPOINTS)
    .scalar_subquery()
)


@cache
def _with_room(dialect: str) -> Select[UUID]:
    oldest = select(func.min(_ROWS.c.due_at)).where(_THEIR_DUE).correlate(_ENDPOINTS).scalar_subquery()
    open_ = ~_IS_DISABLED & func.coalesce(_ENDPOINTS.c.paused_until <= _NOW, literal(value=True))
    # How many places one has grown to is looked at when they are handed out.
    grown = bulk.among_given(dialect, _ENDPOINTS.c.id, "grown")
    most = case((_ENDPOINTS.c.failures >= PAUSE_AFTER, 1), (grown, bindparam("most")), else_=bindparam("least"))
    others = ~bulk.among_given(dialect, _ENDPOINTS.c.id, "without")
    return (
        select(_ENDPOINTS.c.id)
        .where(open_, oldest.is_not(None), most > _UNDER_WAY, others)
        .order_by(_UNDER_WAY, oldest)
        .limit(bindparam("places"))
        .with_for_update(skip_locked=True, key_share=True)
    )


@cache
def _due(dialect: str) -> Select[UUID, int, int, str]:
    """For each of `:endpoints` that has some: the ids of its oldest due rows, joined by commas, `:places` at most."""
    # By the index alone: thousands may have come due in the same moment, at the end of a pause.
    oldest = select(_ROWS.c.id).where(_THEIR_DUE).order_by(_ROWS.c.due_at).limit(bindparam("places"))
    found = oldest.correlate(_ENDPOINTS).subquery()
    joined = select(func.aggregate_strings(cast(found.c.id, String), ",")).scalar_subquery()
    its = bulk.among_given(dialect, _ENDPOINTS.c.id, "endpoints")
    return select(_ENDPOINTS.c.id, _ENDPOINTS.c.failures, _UNDER_WAY, joined).where(its, joined.is_not(None))


@cache
def _these(dialect: str) -> ColumnElement[bool]:
    return bulk.among_given(dialect, _ROWS.c.id, "due")
