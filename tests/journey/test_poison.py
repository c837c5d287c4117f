"""A comment that kills or hangs the engine goes to a human, and its neighbours are decided as if it were not there."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select

from service.core.models import Comment, Status
from tests.journey import deployment as deployments
from tests.journey.deployment import Deployment
from tests.sabotage import sitecustomize as sabotage
from tests.servers.postgresql import PostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually
from workers import scoring

# Each attempt costs a restart, which takes a second or two, and on a machine that is busy half a minute.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]

# With it the engine is given ten seconds.
LEASE_SECONDS = 8


@pytest.fixture
def embedded(tmp_path: Path, receiver: Receiver) -> Iterator[Deployment]:
    with deployments.embedded(tmp_path, receiver) as deployment:
        yield _sabotaged(deployment, tmp_path)


@pytest.fixture
def server(
    tmp_path: Path, receiver: Receiver, postgresql_server: PostgreSQL, own_redis: OwnRedis
) -> Iterator[Deployment]:
    url = postgresql_server.create_database()
    with deployments.server(tmp_path, receiver, url, own_redis.url) as deployment:
        yield _sabotaged(deployment, tmp_path)


def _sabotaged(deployment: Deployment, folder: Path) -> Deployment:
    for process in deployment.processes.values():
        process.env |= {
            "PYTHONPATH": str(Path(sabotage.__file__).parent),
            sabotage.VARIABLE: str(folder),
            "GATEPOST_SCORE_LEASE": str(LEASE_SECONDS),
        }
    deployment.start()
    return deployment


def _submit(deployment: Deployment, *texts: str) -> list[UUID]:
    with deployment.client() as client:
        answer = client.post("/v1/comments/batch", json={"comments": [{"text": text} for text in texts]})
    return [UUID(comment["id"]) for comment in answer.json()["comments"]]


def _assert_held_for_a_human(deployment: Deployment, poison: str) -> None:
    poisoned, *mates = _submit(deployment, f"A recipe, {poison}.", *(f"Lovely recipe, {n}." for n in range(5)))

    eventually(
        lambda: Status.PENDING not in _statuses(deployment).values(),
        within=timedelta(minutes=4),
        context=deployment.tails,
    )

    statuses = _statuses(deployment)
    with deployment.database.reading() as session:
        verdict = session.get_one(Comment, poisoned).verdict or {}
    assert statuses[poisoned] == Status.HELD
    assert verdict["reasons"] == [scoring.FAILED]
    assert {statuses[mate] for mate in mates} == {Status.APPROVED}


def _statuses(deployment: Deployment) -> dict[UUID, Status]:
    with deployment.database.reading() as session:
        return {comment_id: Status(status) for comment_id, status in session.exec(select(Comment.id, Comment.status))}


@pytest.mark.parametrize("poison", [sabotage.KILLS, sabotage.HANGS])
def test_poison_in_the_embedded_mode_is_held_for_a_human(embedded: Deployment, poison: str) -> None:
    _assert_held_for_a_human(embedded, poison)

    embedded.wait_until_up()


@pytest.mark.parametrize("poison", [sabotage.KILLS, sabotage.HANGS])
def test_poison_on_a_server_is_held_for_a_human(server: Deployment, poison: str) -> None:
    _assert_held_for_a_human(server, poison)
