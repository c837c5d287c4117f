"""Waiting for decisions: a door whose client wants one in the answer waits for the workers, a moment.

One query now and then looks for all who wait in this process; while nobody waits there is none. Who waits holds neither
a thread nor a connection.
"""

import asyncio
import threading
import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import Select, Table, or_
from sqlalchemy import select as sqlalchemy_select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from service.core import bulk, erasure, errors, groups
from service.core.db import Database
from service.core.groups import Groups
from service.core.intake import Incoming, Intake
from service.core.models import Comment, Status
from service.core.outage import Outage
from service.core.settings import Settings

_COMMENTS: Table = Comment.__table__  # type: ignore[attr-defined]
_POLL_SECONDS = 0.02


class Waiting:
    def __init__(self, database: Database, intake: Intake, settings: Settings) -> None:
        self._database = database
        self._intake = intake
        self._seconds = settings.answer_within.total_seconds()
        self._waiting: dict[asyncio.Future[Comment], UUID] = {}
        self._running = False
        self._lock = threading.Lock()
        self._outage = Outage("waiting")
        self._thread = ThreadPoolExecutor(1, "waiting")
        self._forgetting: Groups[UUID, None] = Groups(self._erase)

    async def submit(self, incoming: Incoming, until: float | None = None) -> Comment:
        """Take a comment in as the API does; give it back as soon as it is decided, or PENDING when it is too late.

        That is by `deadline`, where nothing else is given. Raises as `Intake.submit` does.
        """
        until = self.deadline() if until is None else until
        comment = await self._intake.submit(incoming)
        try:
            return await self.decided(comment, until)
        finally:
            if incoming.transient:
                await self._forget(comment.id)

    def deadline(self, at_least: timedelta = timedelta(0)) -> float:
        """When who comes now is answered at the latest, by the event loop's clock; a patient client later."""
        return asyncio.get_running_loop().time() + max(self._seconds, at_least.total_seconds())

    async def decided(self, comment: Comment, until: float) -> Comment:
        """The stored comment once it is decided; as it is when the event loop's clock shows `until`."""
        if is_decided(comment):
            return comment
        future: asyncio.Future[Comment] = asyncio.get_running_loop().create_future()
        self._join(future, comment.id)
        try:
            async with asyncio.timeout_at(until):
                return await future
        except TimeoutError:
            return comment
        finally:
            with self._lock:
                self._waiting.pop(future, None)

    async def _forget(self, comment_id: UUID) -> None:
        """Erase it, with others. A failure is the housekeeping's to mend: there is an answer to give."""
        with suppress(SQLAlchemyError, errors.CrowdedError):
            await self._forgetting.join(comment_id)

    def _erase(self, ids: Sequence[UUID]) -> Sequence[None]:
        with self._database.transaction() as session:
            erasure.transient(session, ids)
        return [None] * len(ids)

    def _join(self, future: asyncio.Future[Comment], comment_id: UUID) -> None:
        with self._lock:
            self._waiting[future] = comment_id
            if not self._running:
                self._running = True
                self._thread.submit(self._watch)

    def _watch(self) -> None:
        while waiting := self._after_a_moment():
            try:
                found = {comment.id: comment for comment in self._find(set(waiting.values()))}
                self._outage.passed()
            except Exception as error:  # noqa: BLE001 - this thread must live: others will wait
                # Who waits is answered in time all the same.
                self._outage.failed(error)
                continue
            told = {future: found[comment_id] for future, comment_id in waiting.items() if comment_id in found}
            groups.tell(list(told), list(told.values()))

    def _after_a_moment(self) -> dict[asyncio.Future[Comment], UUID]:
        time.sleep(_POLL_SECONDS)
        with self._lock:
            self._running = bool(self._waiting)
            return dict(self._waiting)

    def _find(self, ids: Collection[UUID]) -> Sequence[Comment]:
        with self._database.reading() as session:
            decided = session.scalars(_decided(session.get_bind().dialect.name), {"ids": list(ids)}).all()
            if not decided:
                return []
            return session.exec(select(Comment).where(bulk.among(session, col(Comment.id), decided))).all()


# Built once for each kind of database: to build it costs more than to run it, fifty times a second.
@cache
def _decided(dialect: str) -> Select[tuple[UUID]]:
    """The ids among `:ids` that are decided."""
    mine = bulk.among_given(dialect, _COMMENTS.c.id, "ids")
    is_decided = or_(_COMMENTS.c.status != Status.PENDING, _COMMENTS.c.verdict.is_not(None))
    return sqlalchemy_select(_COMMENTS.c.id).where(mine, is_decided)


def is_decided(comment: Comment) -> bool:
    """A transient one has a verdict then, and no other status."""
    return comment.status != Status.PENDING or comment.verdict is not None
