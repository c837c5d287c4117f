"""One run: clients and a moderator count on a system that faults befall; then it may recover, and is judged."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, or_, select

from service.core import db
from service.core.db import Database
from service.core.models import AuditEntry, Comment, OutboxRow
from tests.chaos.crowd import Crowd
from tests.chaos.moderator import Moderator
from tests.chaos.nemesis import Nemesis
from tests.chaos.supervisor import Supervisor
from tests.chaos.systems import System
from tests.journey import ledger
from tests.journey.ledger import Verdict

# A slow machine has a backlog of some thousands to work off.
RECOVERY_SECONDS = 600
POLL_SECONDS = 0.2
TELL_EVERY_SECONDS = 10
# With one answer: longer than the web process is ever frozen.
PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Plan:
    seconds: float
    seed: int
    per_second: float = 20
    moderator_pause: float = 0.5


@dataclass(frozen=True)
class Outcome:
    """What a run has shown; times in seconds."""

    verdict: Verdict
    accepted: int
    given_up: int
    refused: list[str]
    reviews: int
    webhooks: int
    duplicates: int
    answer_times: list[float]
    decision_times: list[float]
    drained_after: float | None
    """From the last fault until nothing was due or in a worker's hands; None: not within `RECOVERY_SECONDS`."""
    faults: Counter[str]
    ended_by_themselves: Counter[str]

    @property
    def clean(self) -> bool:
        return self.verdict == ledger.CLEAN and not self.refused


class Run:
    """The parts that act on one system."""

    def __init__(self, system: System, plan: Plan, readers: httpx2.AsyncClient, console: httpx2.AsyncClient) -> None:
        self.system = system
        self.plan = plan
        self.crowd = Crowd(readers, plan.seed, plan.per_second)
        self.moderator = Moderator(console, plan.seed, plan.moderator_pause)
        self.nemesis = Nemesis(system, plan.seed)
        self.supervisor = Supervisor(system.processes, system.before_restart)

    async def storm(self) -> None:
        """Everybody acts for as long as the plan says; what the crowd has begun is brought to an end."""
        until = asyncio.get_running_loop().time() + self.plan.seconds
        async with _background(self.moderator.work()):
            await asyncio.gather(self.crowd.submit(until), self.nemesis.rage(until))
            # On a busy machine she may not have got through yet, and then nothing would be shown of her.
            await _comes_true(lambda: bool(self.moderator.reviews))

    async def recover(self) -> float | None:
        """No more faults. Seconds since the last one until it was drained."""
        database = self.system.deployment.database
        if not await _comes_true(lambda: _is_drained(database)):
            return None
        drained_after = asyncio.get_running_loop().time() - self.nemesis.last_at
        await _comes_true(lambda: _call_forward(database) and ledger.is_quiet(database))
        return drained_after

    def outcome(self, drained_after: float | None) -> Outcome:
        database, requests = self.system.deployment.database, self.system.blog.requests()
        verified = [request.headers["webhook-id"] for request in requests if request.verified]
        return Outcome(
            verdict=ledger.judge(database, self.crowd.accepted, requests, self.moderator.reviews),
            accepted=len(self.crowd.accepted),
            given_up=self.crowd.given_up,
            refused=self.crowd.refused,
            reviews=len(self.moderator.reviews),
            webhooks=len(set(verified)),
            duplicates=len(verified) - len(set(verified)),
            answer_times=self.crowd.seconds,
            decision_times=_decision_times(database),
            drained_after=drained_after,
            faults=self.nemesis.inflicted,
            ended_by_themselves=self.supervisor.ended_by_themselves,
        )

    def __str__(self) -> str:
        return (
            f"accepted {len(self.crowd.accepted):,}, reviewed {len(self.moderator.reviews):,},"
            f" faults {self.nemesis.inflicted.total()}, the last: {self.nemesis.last}"
        )


async def play(system: System, plan: Plan, tell: Callable[[str], None] = lambda _: None) -> Outcome:
    """Run the started system through the plan; `tell` hears how it goes, every ten seconds."""
    url = system.deployment.url
    key = {"authorization": f"Bearer {system.deployment.key}"}
    async with (
        httpx2.AsyncClient(base_url=url, headers=key, timeout=PATIENCE_SECONDS) as readers,
        httpx2.AsyncClient(base_url=url, headers={"origin": url}, timeout=PATIENCE_SECONDS) as console,
    ):
        run = Run(system, plan, readers, console)
        async with _background(run.supervisor.watch()), _background(_tell(run, tell)):
            await run.storm()
            drained_after = await run.recover()
    return run.outcome(drained_after)


@asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Cancelled at the end; what it raises ends the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()


async def _tell(run: Run, tell: Callable[[str], None]) -> None:
    while True:
        await asyncio.sleep(TELL_EVERY_SECONDS)
        tell(str(run))


async def _comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it does within `RECOVERY_SECONDS`; a database that is still on its way up is asked again."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + RECOVERY_SECONDS
    while clock() < deadline:
        try:
            if await asyncio.to_thread(condition):
                return True
        except DBAPIError:
            pass
        await asyncio.sleep(POLL_SECONDS)
    return False


def _is_drained(database: Database) -> bool:
    """Whether nothing is due or in a worker's hands: what waits for its schedule may wait."""
    with database.reading() as session:
        busy = or_(col(OutboxRow.due_at) <= db.now(session), col(OutboxRow.lease).is_not(None))
        return session.exec(select(OutboxRow.id).where(busy).limit(1)).first() is None


def _call_forward(database: Database) -> bool:
    """Make retries due that wait for hours: a run is too short for the schedule. True."""
    with database.transaction() as session:
        now = db.now(session)
        waiting = (col(OutboxRow.lease).is_(None), col(OutboxRow.due_at) > now)
        session.execute(update(OutboxRow).where(*waiting).values(due_at=now))
    return True


def _decision_times(database: Database) -> list[float]:
    with database.reading() as session:
        settled = select(AuditEntry.at, Comment.created_at).where(
            AuditEntry.comment_id == Comment.id, AuditEntry.action == "settle"
        )
        return [(at - created_at).total_seconds() for at, created_at in session.exec(settled)]
