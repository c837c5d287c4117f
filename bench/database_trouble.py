"""What clients see while PostgreSQL is killed, frozen or locked: `python -m bench.database_trouble`.

A whole deployment on this machine, and clients that post without end. For each trouble: when the first 503 came, how
long the slowest answer took meanwhile, when the first 202 came after it was over, and whether all is well in the end.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from tests.journey import deployment as deployments
from tests.journey import ledger
from tests.journey.deployment import Deployment
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

CLIENTS = 10
PAUSE_SECONDS = 0.5
CALM_SECONDS = 3.0
TROUBLE_SECONDS = 10.0
AFTER_SECONDS = 6.0
LATEST = timedelta(minutes=2)
TEXT = "The letters of 1839 read quite differently now."

Trouble = Callable[[OwnPostgreSQL, str], AbstractContextManager[None]]


@contextmanager
def killed(server: OwnPostgreSQL, _: str) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def frozen(server: OwnPostgreSQL, _: str) -> Iterator[None]:
    server.freeze()
    yield
    server.thaw()


@contextmanager
def without_postmaster(server: OwnPostgreSQL, _: str) -> Iterator[None]:
    """Open connections work on, new ones get no answer."""
    server.process.send(signal.SIGSTOP)
    yield
    server.process.send(signal.SIGCONT)


@contextmanager
def locked(_: OwnPostgreSQL, url: str) -> Iterator[None]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("LOCK TABLE comment IN ACCESS EXCLUSIVE MODE")
        yield


TROUBLES: dict[str, Trouble] = {
    "killed": killed,
    "frozen": frozen,
    "postmaster frozen": without_postmaster,
    "table locked": locked,
}


@dataclass(frozen=True)
class Answer:
    asked_at: float
    at: float
    status: int
    comment_id: str | None

    @property
    def seconds(self) -> float:
        return self.at - self.asked_at


@dataclass
class Crowd:
    """Clients that post until they are told to stop: each comment has an external id, and is sent until accepted."""

    deployment: Deployment
    answers: list[Answer] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def post(self, client_number: int) -> None:
        number = 0
        with self.deployment.client() as client:
            while not self.stop.wait(PAUSE_SECONDS):
                asked_at = time.monotonic()
                comment = {"text": f"{number} {TEXT}", "external_id": f"{client_number}-{number}"}
                answer = client.post("/v1/comments", json=comment)
                accepted = answer.status_code == HTTPStatus.ACCEPTED
                comment_id = answer.json()["id"] if accepted else None
                self.answers.append(Answer(asked_at, time.monotonic(), answer.status_code, comment_id))
                number += accepted


@contextmanager
def posting(deployment: Deployment) -> Iterator[Crowd]:
    crowd = Crowd(deployment)
    threads = [threading.Thread(target=crowd.post, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield crowd
    finally:
        crowd.stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def running() -> Iterator[tuple[OwnPostgreSQL, Receiver, Deployment]]:
    with tempfile.TemporaryDirectory() as folder:
        server, redis, receiver = OwnPostgreSQL(), OwnRedis(Path(folder)), Receiver()
        server.initialise()
        for one in (server, redis, receiver):
            one.start()
        try:
            with deployments.server(Path(folder), receiver, server.create_database(), redis.url) as deployment:
                for process in deployment.processes.values():
                    # What a user gets, and no queue before the scorer.
                    process.env |= {"GATEPOST_DATABASE_TIMEOUT": "1", "GATEPOST_ENGINE": "compact"}
                deployment.start()
                yield server, receiver, deployment
        finally:
            receiver.stop()
            redis.remove()
            server.remove()


def measure(name: str) -> list[str]:
    with running() as (server, receiver, deployment):
        url = deployment.database.engine.url.render_as_string(hide_password=False)
        with posting(deployment) as crowd:
            time.sleep(CALM_SECONDS)
            began = time.monotonic()
            with TROUBLES[name](server, url):
                time.sleep(TROUBLE_SECONDS)
            ended = time.monotonic()
            time.sleep(AFTER_SECONDS)
        eventually(lambda: ledger.is_quiet(deployment.database), within=LATEST, context=deployment.tails)
        accepted = {answer.comment_id for answer in crowd.answers if answer.comment_id}
        clean = ledger.judge(deployment.database, accepted, receiver.requests) == ledger.CLEAN
        lines = max(process.log.read_bytes().count(b'"database.failed"') for process in deployment.processes.values())
    return [name, *figures(crowd.answers, began, ended), str(lines), "yes" if clean else "NO"]


def figures(answers: list[Answer], began: float, ended: float) -> list[str]:
    refused = [answer for answer in answers if answer.status == HTTPStatus.SERVICE_UNAVAILABLE]
    accepted = [answer for answer in answers if answer.status == HTTPStatus.ACCEPTED]
    meanwhile = [answer for answer in answers if began < answer.at and answer.asked_at < ended]
    return [
        f"{min((answer.at for answer in refused if answer.at > began), default=0) - began:.2f}",
        f"{max(answer.seconds for answer in meanwhile):.2f}",
        f"{min(answer.at for answer in accepted if answer.at > ended) - ended:.2f}",
        f"{len(refused)}",
        f"{len(answers) - len(refused) - len(accepted)}",
        f"{max((answer.seconds for answer in answers if answer.at < began), default=0):.2f}",
    ]


def main() -> None:
    os.environ.setdefault("COLUMNS", "120")
    table = Table(
        "trouble",
        "first 503 after (s)",
        "slowest meanwhile (s)",
        "first 202 after its end (s)",
        "503s",
        "other errors",
        "slowest before (s)",
        "log lines",
        "nothing lost",
    )
    for name in sys.argv[1:] or TROUBLES:
        table.add_row(*measure(name))
    Console().print(table)


if __name__ == "__main__":
    main()
