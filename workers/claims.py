"""Which due webhooks a courier takes next: a few of each endpoint, so that none waits behind another's thousands."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, ScalarSelect, case, delete, func, literal, select, update
from sqlmodel import Session, col

from service.core import db, outbox
from service.core.models import Endpoint, OutboxRow
from service.core.queue import Topic
from workers.paces import Pace
from workers.retries import PAUSE_AFTER


def claim(
    session: Session, places: int, lease: timedelta, pace: Pace, without: Collection[UUID] = ()
) -> list[OutboxRow]:
    """Take up to `places` due rows, such that no endpoint has more under way, at all couriers together, than its pace.

    The endpoint that has the fewest under way comes first; those in `without` get nothing. One that only fails gets one
    at a time.
    """
    _set_aside(session)
    due = _next_due(session, _lock_with_room(session, places, pace, without), places, pace)
    return outbox.claim(session, Topic.DELIVER, places, lease, col(OutboxRow.id).in_(due)) if due else []


def _set_aside(session: Session) -> None:
    """What is due to a paused endpoint waits with it; what is due to a disabled one is dropped."""
    now = db.now(session)
    paused = col(Endpoint.paused_until) > now
    closed = session.execute(
        select(col(Endpoint.id), col(Endpoint.paused_until), col(Endpoint.disabled_at)).where(
            paused | col(Endpoint.disabled_at).is_not(None)
        )
    ).all()
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
        select(col(OutboxRow.id))
        .where(col(OutboxRow.endpoint_id).in_(endpoint_ids), col(OutboxRow.due_at) <= db.now(session))
        .with_for_update(skip_locked=True)
        .cte("closed")
    )
    return col(OutboxRow.id).in_(select(rows.c.id))


def _lock_with_room(session: Session, places: int, pace: Pace, without: Collection[UUID]) -> Sequence[UUID]:
    """The endpoints that may get more, locked: what is under way is counted by one courier at a time.

    A courier that stops here for a while, frozen with its machine, stops nobody's deliveries to other endpoints.
    """
    now = db.now(session)
    oldest = (
        select(func.min(OutboxRow.due_at))
        .where(col(OutboxRow.endpoint_id) == Endpoint.id, col(OutboxRow.due_at) <= now)
        .correlate(Endpoint)
        .scalar_subquery()
    )
    open_ = col(Endpoint.disabled_at).is_(None) & func.coalesce(col(Endpoint.paused_until) <= now, literal(value=True))
    found = (
        select(col(Endpoint.id))
        .where(open_, oldest.is_not(None), _room(session, pace) > 0, col(Endpoint.id).not_in(without))
        .order_by(_under_way(session), oldest)
        .limit(places)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return session.scalars(found).all()


def _next_due(session: Session, endpoint_ids: Sequence[UUID], places: int, pace: Pace) -> Sequence[UUID]:
    """The oldest due rows of the endpoints, as many as each has room for; counted anew, now that they are locked."""
    if not endpoint_ids:
        return []
    found = select(col(Endpoint.id), _under_way(session), _room(session, pace)).where(
        col(Endpoint.id).in_(endpoint_ids)
    )
    candidates = [
        (under_way + number, row_id)
        for endpoint_id, under_way, room in session.execute(found).all()
        for number, row_id in enumerate(_due(session, endpoint_id, max(min(room, places), 0)))
    ]
    return [row_id for _, row_id in sorted(candidates)[:places]]


def _due(session: Session, endpoint_id: UUID, limit: int) -> Sequence[UUID]:
    due = (
        select(col(OutboxRow.id))
        .where(col(OutboxRow.endpoint_id) == endpoint_id, col(OutboxRow.due_at) <= db.now(session))
        # By the index alone: thousands may have come due in the same moment, at the end of a pause.
        .order_by(col(OutboxRow.due_at))
        .limit(limit)
    )
    return session.scalars(due).all()


def _room(session: Session, pace: Pace) -> ColumnElement[int]:
    failing = (col(Endpoint.failures) >= PAUSE_AFTER, 1)
    grown = [(col(Endpoint.id) == endpoint_id, places) for endpoint_id, places in pace.grown.items()]
    return case(failing, *grown, else_=pace.least) - _under_way(session)


def _under_way(session: Session) -> ScalarSelect[int]:
    """Rows that a courier holds whose lease has not ended."""
    return (
        select(func.count(type_=Integer))
        .where(
            col(OutboxRow.endpoint_id) == Endpoint.id,
            col(OutboxRow.lease).is_not(None),
            col(OutboxRow.due_at) > db.now(session),
        )
        .correlate(Endpoint)
        .scalar_subquery()
    )
