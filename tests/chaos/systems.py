"""What the chaos befalls: every process by its name, and the faults that fit it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos import faults, moderator
from tests.chaos.blog import Blog
from tests.chaos.faults import Weights
from tests.journey import deployment as deployments
from tests.journey.deployment import Deployment
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.processes import Process
from tests.servers.redis import OwnRedis

SITE = "Journey"
SETTINGS = {
    # Loads at once: it is killed before it has scored much.
    "GATEPOST_ENGINE": "compact",
    # Steps that take longer end their process: a machine that is busy with restarts needs some room.
    "GATEPOST_SCORE_LEASE": "10",
}


@dataclass
class System:
    deployment: Deployment
    blog: Blog
    processes: dict[str, Process]
    weights: Weights
    pauses: tuple[float, float]
    """Between two faults, in seconds."""
    spares_the_start: bool = False
    """Whether the pause begins only when it answers again."""
    flush: Callable[[], None] = lambda: None
    before_restart: Callable[[], None] = lambda: None

    def start(self) -> None:
        for process in self.processes.values():
            if not process.running:
                process.start()
        self.deployment.wait_until_up()

    def kill(self) -> None:
        for process in self.processes.values():
            process.kill()


@contextmanager
def server(folder: Path) -> Iterator[System]:
    """Web, scorer, courier, sweeper, PostgreSQL, Redis and the blog."""
    postgresql, redis, blog = OwnPostgreSQL(), OwnRedis(folder), Blog(folder)
    try:
        postgresql.initialise()
        postgresql.start()
        redis.start()
        with deployments.server(folder, blog, postgresql.create_database(), redis.url) as deployment:
            others = {"postgresql": postgresql.process, "redis": redis.process}
            with _system(deployment, blog, others, faults.SERVER, (1.5, 2.0)) as system:
                system.flush = redis.flushall
                yield system
    finally:
        redis.remove()
        postgresql.remove()


@contextmanager
def embedded(folder: Path) -> Iterator[System]:
    """One process on SQLite, and the blog. The database is checked after every kill."""
    blog = Blog(folder)
    with deployments.embedded(folder, blog) as deployment:
        path = str(deployment.database.engine.url.database)
        with _system(deployment, blog, {}, faults.EMBEDDED, (1.0, 3.0)) as system:
            system.spares_the_start = True
            system.before_restart = lambda: check_integrity(path)
            yield system


def check_integrity(path: str) -> None:
    """Raises AssertionError when SQLite finds its file damaged."""
    with sqlite3.connect(path) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchall()
    assert found == [("ok",)], found


@contextmanager
def _system(
    deployment: Deployment, blog: Blog, others: dict[str, Process], weights: Weights, pauses: tuple[float, float]
) -> Iterator[System]:
    moderator.employ(deployment.database, SITE)
    for process in deployment.processes.values():
        process.env |= SETTINGS
    processes = {**others, "blog": blog.process(), **deployment.processes}
    system = System(deployment, blog, processes, weights, pauses)
    try:
        yield system
    finally:
        system.kill()
