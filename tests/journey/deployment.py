"""Gatepost as its operator starts it: processes with settings in their environment."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import httpx2

from service import migrations
from service.core import keys, signing_keys, sites, webhooks
from service.core.db import Database, create_engine
from service.core.models import Scope
from service.core.queue import SilentBell
from tests.secret_keys import KEYRING, SECRET_KEYS
from tests.servers import ports
from tests.servers.processes import Process
from tests.servers.waiting import eventually

GATEPOST = (sys.executable, "-m", "service.cli")


class Blog(Protocol):
    """Who gets the webhooks; is told the secret."""

    url: str
    secret: str | None


@dataclass
class Deployment:
    """The processes by name, and a client of the one site that they serve."""

    url: str
    database: Database
    processes: dict[str, Process] = field(default_factory=dict)
    key: str = ""

    def start(self) -> None:
        for process in self.processes.values():
            process.start()
        self.wait_until_up()

    def wait_until_up(self) -> None:
        eventually(self._answers, within=timedelta(seconds=120), context=self.tails)

    def kill(self) -> None:
        for process in self.processes.values():
            process.kill()

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, headers={"authorization": f"Bearer {self.key}"}, timeout=20)

    def tails(self) -> str:
        return "\n".join(process.tail for process in self.processes.values())

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/healthz", timeout=2).is_success
        except httpx2.TransportError:
            return False


@contextmanager
def embedded(folder: Path, receiver: Blog) -> Iterator[Deployment]:
    """One process on SQLite, not yet started."""
    with _deployment(f"sqlite:///{folder / 'gatepost.db'}", receiver) as deployment:
        port = deployment.url.rpartition(":")[2]
        deployment.processes = {
            "gatepost": _gatepost(folder, deployment, {}, "up", "--port", port),
        }
        yield deployment


@contextmanager
def server(folder: Path, receiver: Blog, database_url: str, redis_url: str) -> Iterator[Deployment]:
    """Web, scorer, courier and sweeper on PostgreSQL and Redis, not yet started."""
    with _deployment(database_url, receiver) as deployment:
        port = deployment.url.rpartition(":")[2]
        commands = {
            "web": ["web", "--port", port],
            "scorer": ["worker", "score"],
            "courier": ["worker", "deliver"],
            "sweeper": ["sweeper"],
        }
        broker = {"GATEPOST_REDIS_URL": redis_url}
        deployment.processes = {
            name: _gatepost(folder, deployment, broker, *command) for name, command in commands.items()
        }
        yield deployment


@contextmanager
def _deployment(database_url: str, receiver: Blog) -> Iterator[Deployment]:
    migrations.upgrade(database_url)
    database = Database(create_engine(database_url), SilentBell(), keyring=KEYRING)
    deployment = Deployment(f"http://127.0.0.1:{ports.find_free()}", database)
    with database.transaction() as session:
        site = sites.create(session, "Journey")
        deployment.key = keys.issue(session, site.id, Scope.ADMIN)
        endpoint = webhooks.create(session, site.id, receiver.url, allow_private=True)
        receiver.secret = signing_keys.shared_secret(session, endpoint)
    try:
        yield deployment
    finally:
        deployment.kill()
        database.engine.dispose()


def _gatepost(folder: Path, deployment: Deployment, environment: Mapping[str, str], *command: str) -> Process:
    settings = {
        "GATEPOST_DATABASE_URL": deployment.database.engine.url.render_as_string(hide_password=False),
        "GATEPOST_WEBHOOK_ALLOW_PRIVATE": "true",
        "GATEPOST_SECRET_KEYS": SECRET_KEYS,
        # Short, so that what a killed worker held comes back within the test.
        "GATEPOST_SCORE_LEASE": "3",
        "GATEPOST_DELIVER_TIMEOUT": "2",
        # The machine of a test may be slow; what happens when the database is, has tests of its own.
        "GATEPOST_DATABASE_TIMEOUT": "20",
        "GATEPOST_ANSWER_WITHIN": "20",
        "GATEPOST_DRAIN_AFTER": "2",
        **environment,
    }
    return Process([*GATEPOST, *command], log=folder / f"{command[-1]}.log", env=settings)
