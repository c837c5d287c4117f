"""The embedded mode: web and workers in one process, on SQLite, without a broker. The only place that starts both."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError

from service.core import logs
from service.core.db import Database
from service.core.queue import LocalBell, Topic
from service.core.settings import Settings
from service.main import build_app
from workers import delivery, scoring
from workers.learning import step as learning
from workers.scorers import load_scorer

log = structlog.get_logger()


def create_app() -> FastAPI:
    """`uvicorn --factory service.embedded:create_app`, which is what `gatepost up` runs."""
    settings = Settings()
    logs.configure(settings)
    if not settings.embedded:
        raise SystemExit("GATEPOST_REDIS_URL is set: start `gatepost web`, the workers and the sweeper instead.")
    bell = LocalBell()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        workers = Workers(app.state.database, bell, settings)
        workers.start()
        yield
        workers.stop()

    return build_app(settings, bell, lifespan)


class Workers:
    """A thread for each topic. It wakes when the bell rings, and every `sweep_every` for retries and lost rings."""

    def __init__(self, database: Database, bell: LocalBell, settings: Settings) -> None:
        self._database = database
        self._bell = bell
        self._settings = settings
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Raises EngineUnavailableError when the engine cannot be loaded: better no start than nothing decided."""
        database, settings, scorer = self._database, self._settings, load_scorer(self._settings)
        steps: dict[Topic, Callable[[], int]] = {
            Topic.SCORE: lambda: scoring.score_batch(database, scorer, settings),
            Topic.DELIVER: lambda: delivery.deliver_batch(database, settings),
            Topic.LEARN: lambda: learning.learn_batch(database, settings),
        }
        for topic, step in steps.items():
            thread = threading.Thread(target=self._work, args=(topic, step), name=topic)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        self._stopping.set()
        for topic in Topic:
            self._bell.ring(topic)
        for thread in self._threads:
            thread.join()

    def _work(self, topic: Topic, step: Callable[[], int]) -> None:
        while not self._stopping.is_set():
            try:
                claimed = step()
            except DBAPIError as error:
                log.error("worker.database", topic=topic, error=type(error.orig).__name__)
                claimed = 0
            except Exception:
                # The thread must live: the rows come due again when their lease ends.
                log.exception("worker.failed", topic=topic)
                claimed = 0
            if not claimed:
                self._bell.wait(topic, self._settings.sweep_every.total_seconds())
