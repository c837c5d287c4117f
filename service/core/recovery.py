"""Owing an endpoint again what it has missed, or all that it was sent before."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, exists
from sqlmodel import Session, col, select

from service.core import callbacks, outbox, webhooks
from service.core.models import Delivery, Endpoint, Event, OutboxRow
from service.core.queue import Topic

_CHUNK = 1000


class Recovered(NamedTuple):
    events: int
    # Since when to go on; None: these were all.
    next_since: datetime | None


def recover(session: Session, endpoint: Endpoint, since: datetime, *, again: bool = False) -> Recovered:
    """Owe the endpoint the events of its site since then: the same ids and bodies, the oldest first.

    Without `again`, only those that it never answered with 2xx. What it is owed already is not owed twice. At most
    a thousand at a time. Raises ConflictError when the endpoint is disabled.
    """
    webhooks.try_now(session, endpoint)
    query = (
        select(Event.id, Event.created_at)
        .where(
            col(Event.site_id) == endpoint.site_id,
            # Tests are about no comment, and nobody misses them.
            col(Event.comment_id).is_not(None),
            col(Event.created_at) >= since,
            ~_owed(endpoint),
        )
        .order_by(col(Event.created_at), col(Event.id))
        .limit(_CHUNK + 1)
    )
    if endpoint.key_id is not None:
        query = query.where(callbacks.concerns(endpoint))
    found = session.exec(query if again else query.where(~_delivered(endpoint))).all()
    for event_id, _ in found[:_CHUNK]:
        outbox.put(session, Topic.DELIVER, event_id, endpoint.id)
    return Recovered(len(found[:_CHUNK]), found[-1][1] if len(found) > _CHUNK else None)


def _owed(endpoint: Endpoint) -> ColumnElement[bool]:
    return exists().where(and_(col(OutboxRow.subject_id) == Event.id, col(OutboxRow.endpoint_id) == endpoint.id))


def _delivered(endpoint: Endpoint) -> ColumnElement[bool]:
    return exists().where(
        and_(col(Delivery.event_id) == Event.id, col(Delivery.endpoint_id) == endpoint.id, webhooks.succeeded())
    )
