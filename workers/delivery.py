"""One step of the courier: claim due events, post them, record every attempt, claim anew as places become free."""

import asyncio
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog
from sqlmodel import Session, col, select

from service.core import db, outbox, signing, signing_keys, webhooks
from service.core.db import Database
from service.core.models import Delivery, Endpoint, Event, OutboxRow, SigningKey
from service.core.settings import Settings
from workers import claims, outbound, retries
from workers.retries import Outcome

log = structlog.get_logger()

# A step goes on claiming for this long, and for as long as an attempt is out that it began by then: what one slow
# receiver holds is its own place, not the courier. Short, so that a worker that is told to end does.
_CLAIMING_SECONDS = 2.0


@dataclass(frozen=True)
class Job:
    """A claimed event with what its attempt needs: no database from here on."""

    row: OutboxRow
    event: Event
    endpoint: Endpoint
    keys: Sequence[SigningKey]
    claimed_at: datetime  # by the database's clock: a worker whose own is wrong would sign a wrong time


def deliver_batch(database: Database, settings: Settings) -> int:
    """Attempt due webhooks, up to `settings.deliver_batch` at a time; how many were claimed, 0 when nothing was due."""
    step = _Step(database, settings)
    jobs = step.claim()
    if jobs:
        asyncio.run(step.work(jobs))
    return step.claimed


@dataclass
class _Step:
    database: Database
    settings: Settings
    claimed: int = 0
    running: set[asyncio.Task[None]] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)

    def claim(self) -> list[Job]:
        """Take what fits into the free places."""
        # Longer than an attempt can take, so that nobody else makes the same one meanwhile.
        lease = self.settings.deliver_timeout + timedelta(seconds=15)
        places = self.settings.deliver_batch - len(self.running)
        with self.database.transaction() as session:
            rows = claims.claim(session, places, lease, self.settings.deliver_at_once)
            jobs = _jobs(session, rows)
            attempted = {job.row.id for job in jobs}
            outbox.finish(session, [row for row in rows if row.id not in attempted])
        self.claimed += len(rows)
        return jobs

    async def work(self, jobs: Sequence[Job]) -> None:
        # One thread a job for its name lookup and one for its record: a lookup that hangs must not hold up the others.
        executor = ThreadPoolExecutor(2 * self.settings.deliver_batch + 1)
        loop = asyncio.get_running_loop()
        loop.set_default_executor(executor)
        try:
            async with outbound.Client(allow_private=self.settings.webhook_allow_private) as client:
                await self._attempt_all(client, jobs)
        finally:
            executor.shutdown(wait=False)
            # The loop waits for its executor's threads when it closes, and a lookup may hang longer than its attempt.
            loop.set_default_executor(ThreadPoolExecutor(1))
        # An attempt that breaks must not cancel the others half-way; what broke it still rises.
        for failure in self.failures:
            raise failure

    async def _attempt_all(self, client: outbound.Client, jobs: Sequence[Job]) -> None:
        until = time.monotonic() + _CLAIMING_SECONDS
        early: set[asyncio.Task[None]] = set()
        while jobs or self.running:
            begun = {asyncio.create_task(self._attempt(client, job)) for job in jobs}
            self.running |= begun
            if time.monotonic() < until:
                early |= begun
            ended = await self._some_end()
            early -= ended
            jobs = await self._claim_more() if early or time.monotonic() < until else []

    async def _some_end(self) -> set[asyncio.Task[None]]:
        """Wait until an attempt has ended, or there may be something new to claim."""
        look_again = self.settings.sweep_every.total_seconds()
        ended, self.running = await asyncio.wait(self.running, timeout=look_again, return_when=asyncio.FIRST_COMPLETED)
        self.failures += [failure for task in ended if (failure := task.exception())]
        return ended

    async def _claim_more(self) -> Sequence[Job]:
        if self.failures or len(self.running) >= self.settings.deliver_batch:
            return []
        try:
            return await asyncio.to_thread(self.claim)
        except Exception as failure:  # noqa: BLE001 - it rises when the attempts under way are recorded
            self.failures.append(failure)
            return []

    async def _attempt(self, client: outbound.Client, job: Job) -> None:
        outcome = await _post(client, self.database, self.settings, job)
        # As soon as it has ended: a slow receiver must not hold back the record of the others.
        await asyncio.to_thread(_record, self.database, self.settings, job, outcome)


def _jobs(session: Session, rows: Sequence[OutboxRow]) -> list[Job]:
    """What there is to send. An erased event gives no job."""
    events = {
        event.id: event
        for event in session.exec(select(Event).where(col(Event.id).in_([row.subject_id for row in rows])))
    }
    endpoint_ids = {row.endpoint_id for row in rows if row.endpoint_id}
    endpoints = {
        endpoint.id: endpoint for endpoint in session.exec(select(Endpoint).where(col(Endpoint.id).in_(endpoint_ids)))
    }
    keys = signing_keys.live(session, endpoint_ids)
    return [
        Job(row, events[row.subject_id], endpoints[row.endpoint_id], keys[row.endpoint_id], db.now(session))
        for row in rows
        if row.subject_id in events and row.endpoint_id in endpoints
    ]


async def _post(client: outbound.Client, database: Database, settings: Settings, job: Job) -> Outcome:
    secrets = [database.keyring.decrypt(key.secret) for key in job.keys]
    signature = signing.headers(str(job.event.id), int(job.claimed_at.timestamp()), job.event.body, secrets)
    headers = {"content-type": "application/json", "user-agent": "Gatepost", **signature}
    started = time.monotonic()
    answer, failed = None, None
    try:
        answer = await client.post(job.endpoint.url, job.event.body.encode(), headers, within=settings.deliver_timeout)
    except outbound.OutboundError as error:
        failed = error
    took = timedelta(seconds=time.monotonic() - started)
    return Outcome(job.claimed_at + took, round(took / timedelta(milliseconds=1)), answer, failed)


def _record(database: Database, settings: Settings, job: Job, outcome: Outcome) -> None:
    """Write the attempt and what follows from it. After a lost lease only the log of attempts gets longer."""
    gone = outcome.status == HTTPStatus.GONE
    jitter = random.uniform(-1, 1)  # noqa: S311 - spreads load, guards nothing
    wait = None if outcome.delivered or gone else retries.next_attempt(job.row.attempts, outcome, jitter)
    error = str(outcome.error) if outcome.error else None
    with database.transaction() as session:
        endpoint = _lock(session, job, outcome)
        if endpoint is None:
            return
        _note(session, endpoint, outcome, settings.webhook_disable_after, jitter)
        waiting = wait is not None and outbox.postpone(session, job.row, wait)
        if wait is None:
            outbox.finish(session, [job.row])
        session.add(
            Delivery(
                site_id=job.event.site_id,
                event_id=job.event.id,
                endpoint_id=job.endpoint.id,
                attempt=job.row.attempts,
                at=job.claimed_at,
                duration_ms=outcome.milliseconds,
                status_code=outcome.status,
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
        status=outcome.status,
        error=error,
        delivered=outcome.delivered,
    )


def _lock(session: Session, job: Job, outcome: Outcome) -> Endpoint | None:
    """The endpoint, as long as neither it nor the event was erased meanwhile; both stay until the commit.

    The endpoint before the row, as everybody locks them. A success seldom changes it: several are recorded at once.
    """
    there = {"read": True, "key_share": True}
    if session.get(Event, job.event.id, with_for_update=there) is None:
        return None
    return session.get(Endpoint, job.endpoint.id, with_for_update=there if outcome.delivered else {"key_share": True})


def _note(session: Session, endpoint: Endpoint, outcome: Outcome, disable_after: timedelta, jitter: float) -> None:
    """Write down how the endpoint fares, and what follows: a pause, or its end."""
    now = db.now(session)
    if outcome.delivered:
        endpoint.failing_since, endpoint.failures = None, 0
        return
    endpoint.failing_since = endpoint.failing_since or now
    endpoint.failures += 1
    if wait := retries.pause(endpoint.failures, outcome, jitter):
        endpoint.paused_until = max(endpoint.paused_until or now, now + wait)
    if outcome.status == HTTPStatus.GONE:
        _disable(session, endpoint, "The receiver answered 410 Gone.")
    elif now - endpoint.failing_since >= disable_after:
        _disable(session, endpoint, f"Every attempt since {endpoint.failing_since:%Y-%m-%d %H:%M} UTC has failed.")


def _disable(session: Session, endpoint: Endpoint, reason: str) -> None:
    if endpoint.disabled_at is None:
        webhooks.disable(session, endpoint, reason)
        log.warning("endpoint.disabled", site_id=str(endpoint.site_id), endpoint_id=str(endpoint.id), reason=reason)
