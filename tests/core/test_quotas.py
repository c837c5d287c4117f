"""A key's quota: exact in any minute, however many processes count; without Redis each process grants its share."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import quotas
from service.core.quotas import LocalQuotas, Quota, Quotas, SharedQuotas
from service.core.settings import Settings
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

LIMIT = 50
KEY = "k3y"

Share = Callable[[str], SharedQuotas]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def share(monkeypatch: pytest.MonkeyPatch) -> Iterator[Share]:
    """Makes a process's quotas on a Redis, and ends them with the test: they would look for a lost Redis for ever."""
    monkeypatch.setattr(quotas, "_LOOK_AGAIN_SECONDS", 0.1)
    made = []

    def share(redis_url: str) -> SharedQuotas:
        made.append(SharedQuotas(LIMIT, redis_url))
        return made[-1]

    yield share
    for one in made:
        one._alone.clear()
    for thread in threading.enumerate():
        if thread.name == "quotas":
            thread.join()


@pytest.fixture(params=["local", "shared"])
def any_quotas(request: pytest.FixtureRequest, share: Share) -> Quotas:
    if request.param == "local":
        return LocalQuotas(LIMIT)
    return share(request.getfixturevalue("redis_url"))


@pytest.fixture
def pair(share: Share, own_redis: OwnRedis) -> list[SharedQuotas]:
    """Two processes' quotas on one Redis."""
    return [share(own_redis.url) for _ in range(2)]


def granted(sources: list[Quotas], count: int, key: str = KEY) -> int:
    """How many of `count` requests, made by many threads at each source in turn, were granted."""
    turns = itertools.islice(itertools.cycle(sources), count)
    with ThreadPoolExecutor(8) as pool:
        return sum(pool.map(lambda source: source.take(key).granted, turns))


def test_a_key_is_granted_its_limit_and_no_request_more(any_quotas: Quotas) -> None:
    assert granted([any_quotas], 3 * LIMIT) == LIMIT


def test_a_quota_counts_down_and_tells_when_there_is_more(any_quotas: Quotas) -> None:
    told = [any_quotas.take(KEY) for _ in range(LIMIT + 1)]

    assert [quota.left for quota in told] == [*reversed(range(LIMIT)), 0]
    assert [quota.granted for quota in told] == [True] * LIMIT + [False]
    assert {quota.limit for quota in told} == {LIMIT}
    assert all(50 < quota.seconds <= 60 for quota in told)


def test_each_key_has_a_quota_of_its_own(any_quotas: Quotas) -> None:
    granted([any_quotas], 2 * LIMIT)

    assert any_quotas.take("another").left == LIMIT - 1


@given(waits=st.lists(st.floats(0, 30), max_size=60))
def test_in_no_minute_more_than_the_limit_is_granted_and_nothing_less(waits: list[float]) -> None:
    clock, limit = Clock(), 5
    local, came = LocalQuotas(limit, clock), list[float]()

    for wait in waits:
        clock.now += wait
        within = [at for at in came if at > clock.now - 60]
        quota = local.take(KEY)
        assert quota.granted == (len(within) < limit)
        if quota.granted:
            came.append(clock.now)
        else:
            assert within[0] + 60 - clock.now <= quota.seconds <= within[0] + 61 - clock.now


def test_keys_that_are_idle_are_forgotten() -> None:
    clock = Clock()
    local = LocalQuotas(LIMIT, clock)
    for number in range(100):
        local.take(str(number))

    clock.now += 61
    local.take(KEY)

    assert local._granted.keys() == {KEY}


def test_two_processes_grant_the_limit_together(pair: list[Quotas]) -> None:
    assert granted(pair, 4 * LIMIT) == LIMIT


def test_in_redis_the_window_slides(share: Share, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "WINDOW_SECONDS", 1)
    shared = share(redis_url)
    assert granted([shared], 2 * LIMIT) == LIMIT

    more = eventually(lambda: shared.take(KEY).granted)

    assert more


def test_without_redis_the_processes_share_the_limit(pair: list[Quotas], own_redis: OwnRedis) -> None:
    assert granted(pair, 10) == 10
    own_redis.kill()

    assert granted(pair, 4 * LIMIT) == LIMIT - 10


def test_a_process_that_never_saw_redis_grants_no_more_than_the_limit(share: Share, tmp_path: Path) -> None:
    assert granted([share(OwnRedis(tmp_path).url)], 2 * LIMIT) == LIMIT


def test_a_frozen_redis_is_asked_once_and_then_left_alone(pair: list[SharedQuotas], own_redis: OwnRedis) -> None:
    asked = 0
    ask = pair[0]._ask

    def count_asked(key_id: str, count: int) -> list[Quota]:
        nonlocal asked
        asked += 1
        return ask(key_id, count)

    pair[0]._ask = count_asked  # type: ignore[method-assign]
    own_redis.freeze()

    assert [pair[0].take(KEY).granted for _ in range(20)] == [True] * 20
    assert asked == 1


def test_when_redis_is_back_it_counts_again(pair: list[Quotas], own_redis: OwnRedis) -> None:
    own_redis.kill()
    assert granted(pair, 4 * LIMIT) >= LIMIT
    own_redis.start()

    eventually(lambda: not any(one._alone.is_set() for one in pair if isinstance(one, SharedQuotas)))

    assert granted(pair, 4 * LIMIT, "another") == LIMIT


def test_a_redis_that_has_forgotten_the_script_learns_it_again(pair: list[Quotas], own_redis: OwnRedis) -> None:
    granted(pair, 10)
    own_redis.kill()
    own_redis.start()

    assert granted(pair, 4 * LIMIT, "another") == LIMIT


def test_a_full_redis_leaves_a_limit(share: Share, tmp_path: Path) -> None:
    full = OwnRedis(tmp_path, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
    full.start()
    try:
        assert granted([share(full.url)], 2 * LIMIT) == LIMIT
    finally:
        full.remove()


def test_the_settings_choose_who_counts(redis_url: str) -> None:
    def chosen(**values: object) -> Quotas | None:
        return quotas.create(Settings.model_validate(values))

    assert isinstance(chosen(), LocalQuotas)
    assert isinstance(chosen(redis_url=redis_url), SharedQuotas)
    assert chosen(requests_per_minute=0) is None


def test_shares_are_of_the_limit_whole() -> None:
    local = LocalQuotas(10)

    assert sum(local.take(KEY, share=3).granted for _ in range(20)) == 4
    assert local.take(KEY, share=3) == Quota(10, 0, timedelta(minutes=1).seconds, granted=False)
