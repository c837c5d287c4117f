"""One step of the courier: claim due events, post them, record every attempt, claim anew as places become free."""

import asyncio
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from service.core import outbox
from service.core.db import Database
from service.core.settings import Settings
from workers import attempts, claims, outbound, records
from workers.attempts import Job
from workers.callbacks import Decrypt
from workers.paces import Pace
from workers.retries import Outcome

# A step goes on claiming for this long, and for as long as an attempt is out that it began by then, but not for that
# attempt's endpoint: what a slow receiver holds is its own place, not the courier, and not the end of the step. Short,
# so that a worker that is told to end does; longer when an attempt is slow: one answer of a hundred that never comes
# must not end the posts to its endpoint, which may be owed thousands.
_CLAIMING_SECONDS = 2.0
_LONGEST_CLAIMING_SECONDS = 15.0
_SLOW_SECONDS = 1.0
# What ends within this is recorded together, and claimed anew together: a claim takes longer than a post.
_GATHERING_SECONDS = 0.01
# One that records and one that claims, for all steps: to start a thread takes as long as a claim does.
_DATABASE = ThreadPoolExecutor(2, "courier")


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
    pace: Pace = field(init=False)
    decrypt: Decrypt = field(init=False)
    running: set[asyncio.Task[None]] = field(default_factory=set)
    failures: list[BaseException] = field(default_factory=list)
    ended: list[tuple[Job, Outcome]] = field(default_factory=list)
    delivered: dict[UUID, datetime] = field(default_factory=dict)  # endpoint -> when its latest success was claimed
    recording: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        # Each secret once in a step: reading the key and decrypting takes longer than signing.
        self.decrypt = cache(self.database.keyring.decrypt)
        # Half of the places at most: the other half is always there for others.
        self.pace = Pace(self.settings.deliver_at_once, self.settings.deliver_batch // 2)

    def claim(self, without: Collection[UUID] = ()) -> list[Job]:
        """Take what fits into the free places; nothing for the endpoints in `without`."""
        # Longer than an attempt can take, so that nobody else makes the same one meanwhile.
        lease = self.settings.deliver_timeout + timedelta(seconds=15)
        places = self.settings.deliver_batch - len(self.running)
        with self.database.transaction() as session:
            rows = claims.claim(session, places, lease, self.pace, without)
            jobs = attempts.jobs(session, rows)
            attempted = {job.row.id for job in jobs}
            outbox.finish(session, [row for row in rows if row.id not in attempted])
        self.claimed += len(rows)
        return jobs

    async def work(self, jobs: Sequence[Job]) -> None:
        # A thread for each name lookup, which may hang.
        executor = ThreadPoolExecutor(self.settings.deliver_batch)
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
        started = time.monotonic()
        until, latest = started + _CLAIMING_SECONDS, started + _LONGEST_CLAIMING_SECONDS
        early: dict[asyncio.Task[None], tuple[UUID, float]] = {}
        slow: set[UUID] = set()
        while jobs or self.running:
            now = time.monotonic()
            begun = {asyncio.create_task(self._attempt(client, job)): (job.endpoint.id, now) for job in jobs}
            self.running |= begun.keys()
            if now < until:
                early |= begun
            for task in await self._some_end():
                early.pop(task, None)
            now = time.monotonic()
            if until <= now < latest and any(now - since > _SLOW_SECONDS for _, since in early.values()):
                until = latest
                slow.clear()
            if now >= until:
                slow |= {endpoint_id for endpoint_id, _ in early.values()}
            jobs = await self._claim_more(slow) if early or now < until else []

    async def _some_end(self) -> set[asyncio.Task[None]]:
        """Wait until an attempt has ended, or there may be something new to claim."""
        look_again = self.settings.sweep_every.total_seconds()
        ended, self.running = await asyncio.wait(self.running, timeout=look_again, return_when=asyncio.FIRST_COMPLETED)
        if ended and self.running:
            more, self.running = await asyncio.wait(self.running, timeout=_GATHERING_SECONDS)
            ended |= more
        self.failures += [failure for task in ended if (failure := task.exception())]
        return ended

    async def _claim_more(self, without: Collection[UUID]) -> Sequence[Job]:
        if self.failures or len(self.running) >= self.settings.deliver_batch:
            return []
        try:
            return await asyncio.get_running_loop().run_in_executor(_DATABASE, self.claim, without)
        except Exception as failure:  # noqa: BLE001 - it rises when the attempts under way are recorded
            self.failures.append(failure)
            return []

    async def _attempt(self, client: outbound.Client, job: Job) -> None:
        outcome = await attempts.post(client, self.decrypt, job, within=self.settings.deliver_timeout)
        self.pace.note(job.endpoint.id, outcome)
        self.ended.append((job, self._seen(job, outcome)))
        # As soon as it may be: a slow receiver must not hold back the record of the others. Whoever gets here first
        # writes for all that have ended while the one before was writing: one commit, not thirty that wait in line.
        async with self.recording:
            # For the last one nobody is left to wait for.
            if self.ended and len(self.ended) < len(self.running):
                await asyncio.sleep(_GATHERING_SECONDS)
            ended, self.ended = self.ended, []
            if ended:
                after = self.settings.webhook_disable_after
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(_DATABASE, records.record, self.database, ended, after)

    def _seen(self, job: Job, outcome: Outcome) -> Outcome:
        """What hangs ends last: the one answer of a hundred that never comes would look like a row of failures."""
        latest = self.delivered.get(job.endpoint.id)
        if outcome.delivered:
            self.delivered[job.endpoint.id] = max(latest or job.claimed_at, job.claimed_at)
            return outcome
        return replace(outcome, overtaken=latest is not None and job.claimed_at <= latest)
