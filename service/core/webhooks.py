"""Endpoints of a site, and the events that they are owed. Sending is the courier's work (`workers.delivery`)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, false, func
from sqlmodel import Session, col, select

from service.core import bulk, callbacks, db, destinations, errors, outbox, signing_keys
from service.core.events import CommentEvent, PingEvent
from service.core.models import Comment, Delivery, Endpoint, Event
from service.core.queue import Topic
from service.core.signing import Scheme

_EVENTS: Table = Event.__table__  # type: ignore[attr-defined]


def create(
    session: Session,
    site_id: UUID,
    url: str,
    *,
    allow_private: bool,
    schemes: Collection[Scheme] = (Scheme.V1,),
) -> Endpoint:
    """A new endpoint with keys of its own. Raises InvalidWebhookUrlError; a name is judged when posting."""
    destinations.parse(url, allow_private=allow_private)
    endpoint = Endpoint(site_id=site_id, url=url)
    session.add(endpoint)
    session.flush()
    signing_keys.add(session, endpoint, schemes)
    return endpoint


def endpoints(session: Session, site_id: UUID) -> Sequence[Endpoint]:
    return session.exec(select(Endpoint).where(col(Endpoint.site_id) == site_id).order_by(col(Endpoint.id))).all()


def enabled(session: Session, site_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """For each site the ids of the endpoints that get all its events."""
    found: dict[UUID, list[UUID]] = {site_id: [] for site_id in site_ids}
    query = select(Endpoint.site_id, Endpoint.id).where(
        col(Endpoint.site_id).in_(site_ids), col(Endpoint.disabled_at).is_(None), col(Endpoint.key_id).is_(None)
    )
    for site_id, endpoint_id in session.exec(query):
        found[site_id].append(endpoint_id)
    return found


def get(session: Session, site_id: UUID, endpoint_id: UUID) -> Endpoint:
    endpoint = session.get(Endpoint, endpoint_id)
    if endpoint is None or endpoint.site_id != site_id:
        raise errors.NotFoundError("There is no such webhook endpoint at this site.")
    return endpoint


def enable(session: Session, endpoint: Endpoint) -> None:
    """Start anew, without the failures of before. What was missed meanwhile `recovery.recover` owes it again."""
    endpoint.disabled_at = endpoint.disabled_reason = None
    endpoint.failing_since = endpoint.paused_until = None
    endpoint.failures = 0
    session.add(endpoint)


def disable(session: Session, endpoint: Endpoint, reason: str) -> None:
    """Send nothing more to it. Events go on being kept; what it is owed is dropped when a courier comes to it."""
    endpoint.disabled_at, endpoint.disabled_reason = db.now(session), reason
    session.add(endpoint)


def emit(
    session: Session,
    told: Sequence[tuple[Comment, CommentEvent]],
    endpoints_of: Mapping[UUID, Collection[UUID]],
    delay: timedelta = timedelta(),
) -> None:
    """Freeze the events and owe them to the endpoints of their sites, in the transaction that made them true.

    They are not sent before the delay is over: until then `recall` takes them back.
    """
    rows: list[dict[str, Any]] = [
        {
            "id": db.new_id(),
            "site_id": comment.site_id,
            "comment_id": comment.id,
            "sequence": comment.sequence,
            "type": event.type,
            "body": event.model_dump_json(),
            "created_at": event.timestamp,
        }
        for comment, event in told
    ]
    bulk.insert(session, _EVENTS, rows)
    owed = [(row["id"], endpoint_id) for row in rows for endpoint_id in endpoints_of[row["site_id"]]]
    owed += callbacks.owed(session, [(row["id"], comment) for row, (comment, _) in zip(rows, told, strict=True)])
    outbox.put_all(session, Topic.DELIVER, owed, delay=delay)


def recall(session: Session, comment: Comment) -> bool:
    """Take back the comment's latest event; False, and nothing changes, when it was sent or is on its way.

    The caller has locked the comment.
    """
    latest = select(Event).where(col(Event.comment_id) == comment.id, col(Event.sequence) == comment.sequence)
    event = session.exec(latest.with_for_update()).first()
    # Kept no longer: it was sent long ago.
    if event is None:
        return False
    tried = select(Delivery.id).where(col(Delivery.event_id) == event.id).limit(1)
    if session.exec(tried).first() or not outbox.recall(session, event.id):
        return False
    session.flush()
    session.delete(event)
    return True


def ping(session: Session, endpoint: Endpoint) -> Event:
    """Owe the endpoint a test event. Raises ConflictError when it is disabled, or one that hears of comments alone."""
    if endpoint.key_id is not None:
        raise errors.ConflictError("Akismet's plugin takes no test event: it hears of comments that it asked about.")
    try_now(session, endpoint)
    event = PingEvent(timestamp=db.now(session))
    row = Event(site_id=endpoint.site_id, type=event.type, body=event.model_dump_json(), created_at=event.timestamp)
    session.add(row)
    session.flush()
    outbox.put(session, Topic.DELIVER, row.id, endpoint.id)
    return row


def redeliver(session: Session, site_id: UUID, delivery_id: UUID) -> Delivery:
    """Owe the delivery's event to its endpoint once more, as it was. Raises ConflictError when that is disabled."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.site_id != site_id:
        raise errors.NotFoundError("There is no such delivery at this site.")
    try_now(session, get(session, site_id, delivery.endpoint_id))
    outbox.put(session, Topic.DELIVER, delivery.event_id, delivery.endpoint_id)
    return delivery


@dataclass(frozen=True)
class DeliveryFilter:
    """Which attempts are looked for; what is not given is not asked."""

    event_id: UUID | None = None
    endpoint_id: UUID | None = None
    succeeded: bool | None = None


def succeeded() -> ColumnElement[bool]:
    """The attempts that their receiver has answered with 2xx, without a word against the event."""
    return col(Delivery.status_code).between(200, 299) & col(Delivery.error).is_(None)


def deliveries(
    session: Session, site_id: UUID, wanted: DeliveryFilter, *, after: UUID | None, limit: int
) -> Sequence[Delivery]:
    """The site's attempts, newest first, from behind the attempt `after`."""
    query = select(Delivery).where(col(Delivery.site_id) == site_id).order_by(col(Delivery.id).desc()).limit(limit)
    if wanted.event_id:
        query = query.where(col(Delivery.event_id) == wanted.event_id)
    if wanted.endpoint_id:
        query = query.where(col(Delivery.endpoint_id) == wanted.endpoint_id)
    if wanted.succeeded is not None:
        # No status is no answer, and that no success: NULL would be neither.
        query = query.where(func.coalesce(succeeded(), false()) == wanted.succeeded)
    if after:
        query = query.where(col(Delivery.id) < after)
    return session.exec(query).all()


def try_now(session: Session, endpoint: Endpoint) -> None:
    """Somebody wants to see whether it works: a pause ends. Raises ConflictError when the endpoint is disabled."""
    if endpoint.disabled_at is not None:
        raise errors.ConflictError(f"This endpoint is disabled: {endpoint.disabled_reason} Enable it first.")
    endpoint.paused_until = None
    session.add(endpoint)
