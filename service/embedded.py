"""The embedded mode: web and workers in one process, on SQLite, without a broker. The only place that starts both."""

import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from service import serving
from service.commands import failures, upgrade
from service.core import logs, outbox, supervision
from service.core.db import WORKERS_PATIENCE, Database
from service.core.queue import LocalBell, Topic
from service.core.settings import Settings
from service.main import build_app
from workers import chores, steps
from workers.scorers import load_scorer
from workers.steps import Step


def create_app() -> FastAPI:
    """`uvicorn --factory service.embedded:create_app`."""
    settings = Settings()
    logs.configure(settings)
    if not settings.embedded:
        raise SystemExit("GATEPOST_REDIS_URL is set: start `gatepost web`, the workers and the sweeper instead.")
    bell = LocalBell()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        database = Database(app.state.database.engine, bell, WORKERS_PATIENCE, app.state.database.keyring)
        workers = Workers(database, bell, settings)
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
        scorer = load_scorer(self._settings)
        with self._database.transaction() as session:
            # This process is the only one: whoever held a row was the one before.
            outbox.take_over(session)
        self._threads = [
            threading.Thread(target=self._work, args=(topic, step), name=topic)
            for topic, step in steps.of(self._database, self._settings, lambda: scorer).items()
        ]
        self._threads += chores.threads(self._database, self._settings, self._stopping)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        for topic in Topic:
            self._bell.ring(topic)
        for thread in self._threads:
            thread.join()

    def _work(self, topic: Topic, step: Step) -> None:
        while not self._stopping.is_set():
            if not step.take():
                self._bell.wait(topic, self._settings.sweep_every.total_seconds())


def main() -> None:
    """`python -m service.embedded HOST PORT`."""
    supervision.end_with_supervisor()
    host, port = sys.argv[1:]
    try:
        upgrade.upgrade()
    except Exception as error:
        if not failures.tell(error):
            raise
        sys.exit(1)
    serving.serve("service.embedded:create_app", host, int(port))


if __name__ == "__main__":
    main()
