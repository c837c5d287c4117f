"""One step of the courier: claim due events, post them together, record every attempt."""

import asyncio
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog
from sqlmodel import Session, col, select

from service.core import db, outbox, signing, webhooks
from service.core.db import Database
from service.core.models import Delivery, Endpoint, Event, OutboxRow
from service.core.queue import Topic
from service.core.settings import Settings
from workers import outbound

log = structlog.get_logger()

# The wait after each failed attempt: eleven attempts in about three days and four hours.
SCHEDULE = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
_SLOW_DOWN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass(frozen=True)
class Job:
    """A claimed event with what its attempt needs: no database from here on."""

    row: OutboxRow
    event: Event
    endpoint: Endpoint
    claimed_at: datetime  # by the database's clock: a worker whose own is wrong would sign a wrong time


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: an answer, or an error in its place."""

    milliseconds: int
    answer: outbound.Answer | None = None
    error: outbound.OutboundError | None = None

    @property
    def busy(self) -> bool:
        """The receiver asks for less, or cannot keep up."""
        status = self.answer.status if self.answer else None
        return status in _SLOW_DOWN or isinstance(self.error, outbound.SilentError)

    @property
    def delivered(self) -> bool:
        return self.answer is not None and 200 <= self.answer.status < 300  # noqa: PLR2004 - the class of success


def deliver_batch(database: Database, settings: Settings) -> int:
    """Attempt up to `settings.deliver_batch` due webhooks; the number that were claimed, 0 when nothing was due."""
    # Longer than an attempt can take, so that nobody else makes the same one meanwhile.
    lease = settings.deliver_timeout + timedelta(seconds=15)
    with database.transaction() as session:
        rows = outbox.claim(session, Topic.DELIVER, settings.deliver_batch, lease)
        jobs = _jobs(session, rows)
        attempted = {job.row.id for job in jobs}
        outbox.finish(session, [row for row in rows if row.id not in attempted])
    if jobs:
        asyncio.run(_attempt_all(database, settings, jobs))
    return len(rows)


def next_attempt(attempt: int, outcome: Outcome, jitter: float) -> timedelta | None:
    """How long to wait after the failed attempt number `attempt` (from 1); None when that was the last.

    `jitter` from -1 to 1 moves the wait by up to a fifth. A busy receiver gets at least a minute; its own
    `Retry-After` counts, up to twice the schedule's wait.
    """
    if attempt > len(SCHEDULE):
        return None
    scheduled = SCHEDULE[attempt - 1]
    least = timedelta(minutes=1 if outcome.busy else 0)
    least = max(least, min(_retry_after(outcome), 2 * max(scheduled, least)))
    # What the receiver needs is not shortened, only spread.
    return max(scheduled * (1 + jitter / 5), least * (1 + abs(jitter) / 5))


def _retry_after(outcome: Outcome) -> timedelta:
    asked = outcome.answer.retry_after if outcome.answer else None
    if asked is None or not (asked.isascii() and asked.isdigit()):
        return timedelta(0)
    # Seven digits are months; thousands of them Python refuses to read.
    return timedelta(seconds=int(asked[:7]))


def _jobs(session: Session, rows: Sequence[OutboxRow]) -> list[Job]:
    """What there is to send. An erased event or a disabled endpoint gives no job."""
    event_ids = [row.subject_id for row in rows]
    events = {event.id: event for event in session.exec(select(Event).where(col(Event.id).in_(event_ids)))}
    endpoint_ids = [row.endpoint_id for row in rows]
    found = session.exec(
        select(Endpoint).where(col(Endpoint.id).in_(endpoint_ids), col(Endpoint.disabled_at).is_(None))
    )
    endpoints = {endpoint.id: endpoint for endpoint in found}
    return [
        Job(row, events[row.subject_id], endpoints[row.endpoint_id], db.now(session))
        for row in rows
        if row.subject_id in events and row.endpoint_id in endpoints
    ]


async def _attempt_all(database: Database, settings: Settings, jobs: Sequence[Job]) -> None:
    # One thread a job for its name lookup and one for its record: a lookup that hangs must not hold up the others.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * len(jobs)))
    # An attempt that breaks must not cancel the others half-way; what broke it still rises.
    ended = await asyncio.gather(*(_attempt(database, settings, job) for job in jobs), return_exceptions=True)
    for failure in ended:
        if failure:
            raise failure


async def _attempt(database: Database, settings: Settings, job: Job) -> None:
    outcome = await _post(settings, job)
    # As soon as it has ended: a slow receiver must not hold back the record of the others.
    await asyncio.to_thread(_record, database, job, outcome)


async def _post(settings: Settings, job: Job) -> Outcome:
    started = time.monotonic()
    signature = signing.headers(str(job.event.id), int(job.claimed_at.timestamp()), job.event.body, _live_secrets(job))
    try:
        answer = await outbound.post(
            job.endpoint.url,
            job.event.body.encode(),
            {"content-type": "application/json", "user-agent": "Gatepost", **signature},
            within=settings.deliver_timeout,
            allow_private=settings.webhook_allow_private,
        )
    except outbound.OutboundError as error:
        return Outcome(_milliseconds_since(started), error=error)
    return Outcome(_milliseconds_since(started), answer=answer)


def _live_secrets(job: Job) -> list[str]:
    endpoint = job.endpoint
    rotating = endpoint.previous_secret_until is not None and job.claimed_at < endpoint.previous_secret_until
    return [endpoint.secret, endpoint.previous_secret] if rotating and endpoint.previous_secret else [endpoint.secret]


def _record(database: Database, job: Job, outcome: Outcome) -> None:
    """Write the attempt and what follows from it. After a lost lease only the log of attempts gets longer."""
    status = outcome.answer.status if outcome.answer else None
    error = str(outcome.error) if outcome.error else None
    gone = status == HTTPStatus.GONE
    jitter = random.uniform(-1, 1)  # noqa: S311 - spreads load, guards nothing
    wait = None if outcome.delivered or gone else next_attempt(job.row.attempts, outcome, jitter)
    with database.transaction() as session:
        if not _still_there(session, job):
            return
        waiting = wait is not None and outbox.postpone(session, job.row, wait)
        if wait is None:
            outbox.finish(session, [job.row])
        if gone and (endpoint := session.get(Endpoint, job.endpoint.id)):
            webhooks.disable(session, endpoint, "The receiver answered 410 Gone.")
        session.add(
            Delivery(
                site_id=job.event.site_id,
                event_id=job.event.id,
                endpoint_id=job.endpoint.id,
                attempt=job.row.attempts,
                at=job.claimed_at,
                duration_ms=outcome.milliseconds,
                status_code=status,
                error=error,
                response=outcome.answer.text if outcome.answer else None,
                next_attempt_at=db.now(session) + wait if wait and waiting else None,
            )
        )
    log.info(
        "delivery",
        comment_id=str(job.event.comment_id),
        event_id=str(job.event.id),
        attempt=job.row.attempts,
        status=status,
        error=error,
        delivered=outcome.delivered,
    )


def _still_there(session: Session, job: Job) -> bool:
    """Whether neither the event nor the endpoint was erased while the attempt was under way; they stay until commit."""
    lock = {"read": True, "key_share": True}
    event = session.get(Event, job.event.id, with_for_update=lock)
    return event is not None and session.get(Endpoint, job.endpoint.id, with_for_update=lock) is not None


def _milliseconds_since(started: float) -> int:
    return round(1000 * (time.monotonic() - started))
