"""What is written of attempts: the log of deliveries, the row's next attempt, how the endpoint fares."""

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Select, Table
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col, select

from service.core import bulk, db, outbox, webhooks
from service.core.db import Database
from service.core.mail import owed
from service.core.models import Delivery, Endpoint, Event
from workers import retries
from workers.attempts import Job
from workers.retries import Outcome

log = structlog.get_logger()

_DELIVERIES: Table = Delivery.__table__  # type: ignore[attr-defined]
_EVENTS: Table = Event.__table__  # type: ignore[attr-defined]

Ended = Sequence[tuple[Job, Outcome]]


def record(database: Database, ended: Ended, disable_after: timedelta) -> None:
    """Write attempts that have ended, in one transaction. After a lost lease only the log of deliveries gets longer."""
    with database.transaction() as session:
        events, endpoints = _lock(session, ended)
        there = [(job, outcome) for job, outcome in ended if job.event.id in events and job.endpoint.id in endpoints]
        done, rows = [], []
        for job, outcome in there:
            jitter = random.uniform(-1, 1)  # noqa: S311 - spreads load, guards nothing
            _note(session, endpoints[job.endpoint.id], outcome, disable_after, jitter)
            wait = _wait(job, outcome, jitter)
            if wait is None:
                done.append(job.row)
            waiting = wait is not None and outbox.postpone(session, job.row, wait)
            rows.append(_delivery(job, outcome, db.now(session) + wait if wait and waiting else None))
        outbox.finish(session, done)
        bulk.insert(session, _DELIVERIES, rows)
    for job, outcome in there:
        _tell(job, outcome)


def _lock(session: Session, ended: Ended) -> tuple[Collection[UUID], dict[UUID, Endpoint]]:
    """What was not erased meanwhile; it stays until the commit.

    Everybody locks in this order, by id: first events, then endpoints, then rows. An endpoint's success seldom changes
    it: several couriers record theirs at once.
    """
    events = {"ids": [*{job.event.id for job, _ in ended}]}
    stay = set(session.scalars(_locking_events(session.get_bind().dialect.name), events))
    failed = {job.endpoint.id for job, outcome in ended if not outcome.delivered}
    endpoints: dict[UUID, Endpoint] = {}
    for ids, read in ((failed, False), ({job.endpoint.id for job, _ in ended} - failed, True)):
        if not ids:
            continue
        query = select(Endpoint).where(col(Endpoint.id).in_(ids)).order_by(col(Endpoint.id))
        found = session.exec(query.with_for_update(read=read, key_share=True))
        endpoints |= {endpoint.id: endpoint for endpoint in found}
    return stay, endpoints


@cache
def _locking_events(dialect: str) -> Select[UUID]:
    mine = bulk.among_given(dialect, _EVENTS.c.id, "ids")
    locking = sqlalchemy_select(_EVENTS.c.id).where(mine).order_by(_EVENTS.c.id)
    return locking.with_for_update(read=True, key_share=True)


def _wait(job: Job, outcome: Outcome, jitter: float) -> timedelta | None:
    """How long until the event is tried again; None when this attempt was the last."""
    ends = outcome.delivered or outcome.status == HTTPStatus.GONE
    return None if ends else retries.next_attempt(job.row.attempts, outcome, jitter)


def _delivery(job: Job, outcome: Outcome, next_attempt_at: datetime | None) -> dict[str, Any]:
    return {
        "id": db.new_id(),
        "site_id": job.event.site_id,
        "event_id": job.event.id,
        "endpoint_id": job.endpoint.id,
        "attempt": job.row.attempts,
        "at": job.claimed_at,
        "duration_ms": outcome.milliseconds,
        "status_code": outcome.status,
        "error": _error(outcome),
        "response": outcome.answer.text if outcome.answer else None,
        "next_attempt_at": next_attempt_at,
    }


def _note(session: Session, endpoint: Endpoint, outcome: Outcome, disable_after: timedelta, jitter: float) -> None:
    """Write down how the endpoint fares, and what follows: a pause, or its end."""
    now = db.now(session)
    if outcome.delivered:
        # Set anew, also to what they are, they would be looked through before every statement.
        if endpoint.failures or endpoint.failing_since:
            endpoint.failing_since, endpoint.failures = None, 0
        return
    # What was under way when the pause began failed for the same reason: sixteen at once are not sixteen in a row.
    is_paused = endpoint.paused_until is not None and now < endpoint.paused_until
    if not outcome.about_event:
        endpoint.failing_since = endpoint.failing_since or now
        endpoint.failures += not is_paused
    if outcome.asks_for_less or not (is_paused or outcome.about_event):
        _pause(endpoint, now, retries.pause(endpoint.failures, outcome, jitter))
    if outcome.status == HTTPStatus.GONE:
        _disable(session, endpoint, "The receiver answered 410 Gone.")
    elif endpoint.failing_since and now - endpoint.failing_since >= disable_after:
        _disable(session, endpoint, f"Every attempt since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC has failed.")


def _pause(endpoint: Endpoint, now: datetime, wait: timedelta | None) -> None:
    if wait:
        endpoint.paused_until = max(endpoint.paused_until or now, now + wait)


def _disable(session: Session, endpoint: Endpoint, reason: str) -> None:
    if endpoint.disabled_at is None:
        webhooks.disable(session, endpoint, reason)
        owed.owe_notices(session, endpoint)
        log.warning("endpoint.disabled", site_id=str(endpoint.site_id), endpoint_id=str(endpoint.id), reason=reason)


def _tell(job: Job, outcome: Outcome) -> None:
    log.info(
        "delivery",
        comment_id=str(job.event.comment_id),
        event_id=str(job.event.id),
        attempt=job.row.attempts,
        status=outcome.status,
        error=_error(outcome),
        delivered=outcome.delivered,
    )


def _error(outcome: Outcome) -> str | None:
    return str(outcome.error) if outcome.error else outcome.refusal
