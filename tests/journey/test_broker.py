"""The broker holds no truth: whatever befalls it, every submission is accepted and decided."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlmodel import col, select

from service.core.models import Comment, Status
from tests.journey import deployment as deployments
from tests.journey import ledger
from tests.journey.deployment import Deployment
from tests.servers.postgresql import PostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.redis import OwnRedis
from tests.servers.troubles import TROUBLES
from tests.servers.waiting import eventually

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]

COMMENTS = 30
SOON = timedelta(seconds=90)


@dataclass(frozen=True)
class Server:
    deployment: Deployment
    redis: OwnRedis
    receiver: Receiver


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgreSQL) -> Iterator[Server]:
    """One for all troubles: what outlives each of them meets the next."""
    folder = tmp_path_factory.mktemp("broker")
    redis, receiver = OwnRedis(folder), Receiver()
    redis.start()
    receiver.start()
    try:
        url = postgresql_server.create_database()
        with deployments.server(folder, receiver, url, redis.url) as deployment:
            deployment.start()
            yield Server(deployment, redis, receiver)
    finally:
        receiver.stop()
        redis.remove()


def _submit(server: Server) -> set[str]:
    """Post comments one by one; the ids of those that were answered 202."""
    with server.deployment.client() as client:
        answers = [client.post("/v1/comments", json={"text": f"Remark {n}."}) for n in range(COMMENTS)]
    return {answer.json()["id"] for answer in answers if answer.status_code == 202}


def _are_decided(server: Server) -> bool:
    with server.deployment.database.reading() as session:
        return not session.exec(select(Comment.id).where(col(Comment.status) == Status.PENDING).limit(1)).first()


@pytest.mark.parametrize("trouble", TROUBLES)
def test_with_a_broker_in_trouble_all_is_accepted_and_decided_and_nothing_is_lost(server: Server, trouble: str) -> None:
    tails = server.deployment.tails

    with TROUBLES[trouble](server.redis):
        accepted = _submit(server)
        eventually(lambda: _are_decided(server), within=SOON, context=tails)
    accepted_after = _submit(server)

    assert len(accepted) == len(accepted_after) == COMMENTS
    eventually(lambda: ledger.is_quiet(server.deployment.database), within=SOON, context=tails)
    verdict = ledger.judge(server.deployment.database, accepted | accepted_after, server.receiver.requests)
    assert verdict == ledger.CLEAN
