"""The doorbell: it never makes its ringer wait, whatever has become of Redis."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from service.core.broker import CeleryBell
from service.core.queue import LocalBell, Topic
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone

# A sender that waited for the broker would take two seconds at least.
AT_ONCE = 0.5


def _waiting(url: str, topic: Topic) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.llen(topic))


def _seconds(act: Callable[[], None]) -> float:
    """How long it takes; a call that never ends fails here and not the whole run."""
    started = time.monotonic()
    caller = threading.Thread(target=act, daemon=True)
    caller.start()
    caller.join(10)
    return time.monotonic() - started


def _ring_often(bell: CeleryBell) -> None:
    for _ in range(100):
        bell.ring(Topic.SCORE)


def _arrives(bell: CeleryBell, url: str, topic: Topic) -> bool:
    """Whether a ring from now on reaches the queue."""
    bell.ring(topic)
    return _waiting(url, topic) > 0


def test_a_ring_arrives_in_the_queue_of_its_topic(redis_url: str) -> None:
    CeleryBell(redis_url).ring(Topic.DELIVER)

    eventually(lambda: _waiting(redis_url, Topic.DELIVER) == 1)
    assert _waiting(redis_url, Topic.SCORE) == 0


def test_a_thousand_rings_send_few_messages(redis_url: str) -> None:
    bell = CeleryBell(redis_url)

    for _ in range(1000):
        bell.ring(Topic.SCORE)
    bell.ring(Topic.DELIVER)
    eventually(lambda: _waiting(redis_url, Topic.DELIVER) == 1)

    assert 1 <= _waiting(redis_url, Topic.SCORE) <= 50


def test_a_ring_with_a_dead_redis_returns_at_once_and_the_bell_works_again_after(own_redis: OwnRedis) -> None:
    bell = CeleryBell(own_redis.url)
    eventually(lambda: _arrives(bell, own_redis.url, Topic.SCORE))
    own_redis.kill()

    seconds = _seconds(lambda: _ring_often(bell))
    own_redis.start()

    assert seconds < AT_ONCE
    eventually(lambda: _arrives(bell, own_redis.url, Topic.DELIVER))


def test_a_bell_may_be_made_and_rung_before_redis_is_there(own_redis: OwnRedis) -> None:
    own_redis.kill()

    bell = CeleryBell(own_redis.url)
    seconds = _seconds(lambda: bell.ring(Topic.SCORE))
    own_redis.start()

    assert seconds < AT_ONCE
    eventually(lambda: _arrives(bell, own_redis.url, Topic.SCORE))


def test_a_ring_with_a_frozen_redis_returns_at_once_and_the_bell_works_again_after(own_redis: OwnRedis) -> None:
    bell = CeleryBell(own_redis.url)
    eventually(lambda: _arrives(bell, own_redis.url, Topic.SCORE))
    own_redis.freeze()

    seconds = _seconds(lambda: _ring_often(bell))
    own_redis.thaw()

    assert seconds < AT_ONCE
    eventually(lambda: _arrives(bell, own_redis.url, Topic.DELIVER), within=timedelta(seconds=20))


@pytest.fixture(params=[("--maxmemory", "1", "--maxmemory-policy", "noeviction"), ("--replicaof", "127.0.0.1", "1")])
def refusing_redis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OwnRedis]:
    """It answers, but takes nothing: its memory is full, or it has become a read-only replica."""
    server = OwnRedis(tmp_path, *request.param)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_the_bell_outlives_a_redis_that_refuses_to_write(refusing_redis: OwnRedis) -> None:
    bell = CeleryBell(refusing_redis.url)
    bell.ring(Topic.SCORE)
    with redis.Redis.from_url(refusing_redis.url) as client:
        eventually(lambda: client.info("stats")["total_error_replies"] > 0)
        client.config_set("maxmemory", 0)
        client.replicaof("NO", "ONE")

    eventually(lambda: _arrives(bell, refusing_redis.url, Topic.DELIVER))


def test_a_local_ring_wakes_the_thread_that_waits_for_the_topic() -> None:
    bell = LocalBell()
    waiter = threading.Thread(target=bell.wait, args=(Topic.SCORE, 60), daemon=True)
    waiter.start()

    bell.ring(Topic.SCORE)
    waiter.join(5)

    assert not waiter.is_alive()


def test_a_local_ring_that_comes_before_the_wait_is_not_lost() -> None:
    bell = LocalBell()
    bell.ring(Topic.SCORE)

    assert _seconds(lambda: bell.wait(Topic.SCORE, 60)) < AT_ONCE


def test_a_local_ring_is_heard_once_and_for_its_own_topic() -> None:
    bell = LocalBell()
    bell.ring(Topic.SCORE)
    bell.wait(Topic.SCORE, 60)

    assert _seconds(lambda: bell.wait(Topic.SCORE, 0.05)) >= 0.05
    assert _seconds(lambda: bell.wait(Topic.DELIVER, 0.05)) >= 0.05
