"""A deploy: every process is told to end and started anew, under load. Nothing is lost, and no client is cut short."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlmodel import select

from service.core.models import Comment
from tests.journey import deployment as deployments
from tests.journey import ledger
from tests.journey.deployment import Deployment
from tests.servers.postgresql import PostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually
from workers import scoring

# More of them, to measure: GATEPOST_DEPLOYS=30.
DEPLOYS = int(os.environ.get("GATEPOST_DEPLOYS", "2"))
CLIENTS = 3

pytestmark = [pytest.mark.alone, pytest.mark.timeout(200 * DEPLOYS)]


@dataclass
class Load:
    """What clients got that post comments all the time, on connections that they keep."""

    accepted: set[str] = field(default_factory=set)
    turned_away: int = 0
    cut_short: list[str] = field(default_factory=list)

    def post(self, client: httpx2.Client) -> None:
        try:
            # A request may wait for its decision, longer than an ending process has time.
            answer = client.post("/v1/comments", json={"text": "A quiet day."}, headers={"prefer": "wait=5"})
        except httpx2.ConnectError:
            self.turned_away += 1
            time.sleep(0.01)
        except httpx2.TransportError as error:
            self.cut_short.append(repr(error))
        else:
            if answer.status_code == 202:
                self.accepted.add(answer.json()["id"])
            elif answer.status_code == 503:
                self.turned_away += 1
            else:
                self.cut_short.append(answer.text)


@contextmanager
def load(deployment: Deployment) -> Iterator[Load]:
    found = Load()
    stop = threading.Event()

    def work() -> None:
        with deployment.client() as client:
            while not stop.is_set():
                found.post(client)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _deploy(deployment: Deployment) -> list[float]:
    """Restart each process; the seconds that each took to end."""
    seconds = []
    for process in deployment.processes.values():
        started = time.monotonic()
        assert process.terminate(within=timedelta(seconds=10)) == 0
        seconds.append(round(time.monotonic() - started, 1))
        process.start()
    deployment.wait_until_up()
    return seconds


def _assert_deploys_cost_nothing(deployment: Deployment, receiver: Receiver) -> None:
    deployment.start()
    with load(deployment) as found:
        seconds = []
        for _ in range(DEPLOYS):
            known = len(found.accepted)
            seconds.append(_deploy(deployment))
            eventually(lambda known=known: len(found.accepted) > known, within=timedelta(seconds=30))  # type: ignore[misc]
    print(f"{len(found.accepted)} accepted, {found.turned_away} turned away; seconds to end: {seconds}")  # noqa: T201

    assert found.cut_short == []
    eventually(lambda: ledger.is_quiet(deployment.database), within=timedelta(minutes=2), context=deployment.tails)
    assert ledger.judge(deployment.database, found.accepted, receiver.requests) == ledger.CLEAN
    with deployment.database.reading() as session:
        verdicts = session.exec(select(Comment.verdict)).all()
    # A deploy is no failed attempt at a comment.
    assert not any(scoring.FAILED in (verdict or {}).get("reasons", []) for verdict in verdicts)


def test_deploys_of_a_server_cost_nothing(
    tmp_path: Path,
    receiver: Receiver,
    postgresql_server: PostgreSQL,
    own_redis: OwnRedis,
) -> None:
    url = postgresql_server.create_database()
    with deployments.server(tmp_path, receiver, url, own_redis.url) as deployment:
        _assert_deploys_cost_nothing(deployment, receiver)


def test_deploys_of_the_embedded_mode_cost_nothing(tmp_path: Path, receiver: Receiver) -> None:
    with deployments.embedded(tmp_path, receiver) as deployment:
        _assert_deploys_cost_nothing(deployment, receiver)
