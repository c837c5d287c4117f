"""PostgreSQL, Redis, Celery: the deployment of `docker-compose.yml`, started by hand."""

import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journey import deployment as deployments
from tests.journey import ledger
from tests.journey.deployment import Deployment
from tests.sabotage import sitecustomize as sabotage
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

TEXTS = (
    "I lived in Japan and in Korea, and the article is right about both.",
    "You are a worthless idiot and nobody likes you.",
    "Cheap replica watches http://a.example http://b.example http://c.example buy now",
)

# Two thousand webhooks go to one blog, four at a time: on a slow machine that takes minutes.
pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]


@pytest.fixture
def server(
    tmp_path: Path, receiver: Receiver, own_postgresql: OwnPostgreSQL, own_redis: OwnRedis
) -> Iterator[Deployment]:
    database_url = own_postgresql.create_database()
    with deployments.server(tmp_path, receiver, database_url, own_redis.url) as deployment:
        deployment.start()
        yield deployment


def submit(server: Deployment, count: int, *, threads: int = 4) -> set[str]:
    """Post comments one by one from several clients; the ids that were answered 202."""
    numbers = itertools.count()
    lock = threading.Lock()

    def client(_: int) -> set[str]:
        accepted: set[str] = set()
        with server.client() as http:
            while True:
                with lock:
                    if (number := next(numbers)) >= count:
                        return accepted
                answer = http.post(
                    "/v1/comments",
                    json={"text": f"{TEXTS[number % 3]} ({number})", "external_id": str(number)},
                )
                assert answer.status_code == 202, answer.text
                accepted.add(answer.json()["id"])

    with ThreadPoolExecutor(threads) as pool:
        return set().union(*pool.map(client, range(threads)))


def assert_nothing_lost(server: Deployment, accepted: set[str], receiver: Receiver) -> None:
    eventually(lambda: ledger.is_quiet(server.database), within=timedelta(minutes=4), context=server.tails)
    assert ledger.judge(server.database, accepted, receiver.requests) == ledger.CLEAN


def test_a_comment_is_decided_and_its_decision_comes_back_signed(server: Deployment, receiver: Receiver) -> None:
    with server.client() as client:
        submitted = client.post("/v1/comments", json={"text": TEXTS[1], "external_id": "c-1"})

    [request] = receiver.wait_for(lambda requests: len(requests) == 1, within=timedelta(seconds=20))

    assert submitted.status_code == 202
    assert request.verified
    assert request.json["type"] == "comment.held"
    assert request.json["data"]["external_id"] == "c-1"
    assert "Insult" in " ".join(request.json["data"]["reasons"])


def test_2000_comments_survive_workers_that_are_killed(server: Deployment, receiver: Receiver) -> None:
    done = threading.Event()
    kills = 0

    def kill_workers() -> None:
        nonlocal kills
        for name in itertools.cycle(("scorer", "courier", "sweeper")):
            if done.wait(1.5):
                return
            server.processes[name].kill()
            server.processes[name].start()
            kills += 1

    killer = threading.Thread(target=kill_workers)
    killer.start()
    try:
        accepted = submit(server, 2000)
    finally:
        done.set()
        killer.join()

    assert len(accepted) == 2000
    assert kills >= 3
    assert_nothing_lost(server, accepted, receiver)


def test_submissions_and_decisions_go_on_without_redis(
    server: Deployment, receiver: Receiver, own_redis: OwnRedis
) -> None:
    own_redis.kill()

    accepted = submit(server, 60)
    # The sweeper does the work itself.
    receiver.wait_for(
        lambda requests: len({request.json["data"]["id"] for request in requests}) == 60, within=timedelta(seconds=60)
    )
    own_redis.start()
    accepted |= submit_more(server)

    assert_nothing_lost(server, accepted, receiver)


def submit_more(server: Deployment) -> set[str]:
    with server.client() as client:
        batch = {"comments": [{"text": f"After the accident, {number}."} for number in range(50)]}
        answer = client.post("/v1/comments/batch", json=batch)
    assert answer.status_code == 202
    return {comment["id"] for comment in answer.json()["comments"]}


def test_a_flushed_broker_loses_nothing(server: Deployment, receiver: Receiver, own_redis: OwnRedis) -> None:
    accepted = submit(server, 100)
    own_redis.flushall()
    accepted |= submit_more(server)

    assert_nothing_lost(server, accepted, receiver)


def test_everything_may_be_restarted_at_once(
    server: Deployment, receiver: Receiver, own_redis: OwnRedis, own_postgresql: OwnPostgreSQL
) -> None:
    accepted = submit(server, 100)

    server.kill()
    own_redis.kill()
    own_postgresql.kill()
    own_postgresql.start()
    own_redis.start()
    server.start()
    accepted |= submit_more(server)

    assert_nothing_lost(server, accepted, receiver)


def test_a_worker_that_was_frozen_past_its_lease_decides_nothing_twice(server: Deployment, receiver: Receiver) -> None:
    accepted = submit(server, 50)
    server.processes["scorer"].freeze()
    accepted |= submit_more(server)
    receiver.wait_for(
        lambda requests: len({request.json["data"]["id"] for request in requests}) == 100,
        within=timedelta(seconds=60),
    )
    server.processes["scorer"].thaw()

    assert_nothing_lost(server, accepted, receiver)


def test_workers_whose_clocks_are_an_hour_wrong_hear_the_bell_and_sign_the_right_time(
    server: Deployment, receiver: Receiver
) -> None:
    wrong = {"PYTHONPATH": str(Path(sabotage.__file__).parent)}
    restart(server, "scorer", wrong | {sabotage.CLOCK: "3600", "GATEPOST_ENGINE": "compact"})
    restart(server, "courier", wrong | {sabotage.CLOCK: "-3600"})
    # It rings, and leaves the work to the workers.
    restart(server, "sweeper", {"GATEPOST_DRAIN_AFTER": "3600"})

    accepted = submit(server, 100)

    assert_nothing_lost(server, accepted, receiver)


def restart(server: Deployment, name: str, environment: dict[str, str]) -> None:
    process = server.processes[name]
    process.kill()
    process.env |= environment
    process.start()
