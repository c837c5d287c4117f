"""The watchdog: a worker that ends, or hears no more, is replaced; one that works, or has no broker, is left alone."""

import os
import signal
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import redis

from tests.sabotage import sitecustomize as sabotage
from tests.secret_keys import SECRET_KEYS
from tests.servers import troubles
from tests.servers.processes import Process
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually
from workers.watchdog import Hearing

pytestmark = [pytest.mark.alone, pytest.mark.timeout(400)]

# Celery takes three seconds to start, and on a machine that is busy a minute.
SOON = timedelta(seconds=120)


@pytest.fixture
def watchdog(tmp_path: Path, own_redis: OwnRedis) -> Iterator[Process]:
    """A courier with nothing to do: it needs no database."""
    environment = {
        "GATEPOST_REDIS_URL": own_redis.url,
        "GATEPOST_DATABASE_URL": f"sqlite:///{tmp_path / 'unused.db'}",
        "GATEPOST_SECRET_KEYS": SECRET_KEYS,
        "PYTHONPATH": str(Path(sabotage.__file__).parent),
        sabotage.VARIABLE: str(tmp_path),
    }
    command = [sys.executable, "-m", "service.cli", "worker", "deliver"]
    process = Process(command, log=tmp_path / "watchdog.log", env=environment)
    process.start()
    try:
        eventually(lambda: _listens(own_redis), within=SOON, context=lambda: process.tail)
        yield process
    finally:
        process.kill()


def _listens(server: OwnRedis) -> bool:
    """Whether somebody waits for work, as the broker sees it: a client of it is blocked."""
    with redis.Redis.from_url(server.url) as client:
        return int(client.info("clients")["blocked_clients"]) > 0


def _unheard(server: OwnRedis) -> int:
    """How many of the watchdog's questions wait for the worker."""
    with redis.Redis.from_url(server.url) as client:
        return sum(int(client.llen(queue)) for queue in client.keys("hear.*"))


def _worker(watchdog: Process) -> psutil.Process:
    [worker] = psutil.Process(watchdog.pid).children()
    return worker


def test_a_deaf_worker_is_found_within_twenty_seconds_and_replaced(
    watchdog: Process, own_redis: OwnRedis, tmp_path: Path
) -> None:
    deaf = _worker(watchdog)

    (tmp_path / sabotage.DEAFEN).touch()
    eventually(lambda: _unheard(own_redis) > 1, within=SOON)
    assert deaf.is_running()
    eventually(lambda: not deaf.is_running(), within=timedelta(seconds=20), context=lambda: watchdog.tail)

    eventually(lambda: _listens(own_redis), within=SOON, context=lambda: watchdog.tail)
    assert "watchdog.deaf" in watchdog.log.read_text(encoding="utf-8")


def test_a_worker_that_ends_is_started_again(watchdog: Process, own_redis: OwnRedis) -> None:
    ended = _worker(watchdog)

    ended.kill()

    eventually(lambda: not ended.is_running() and _listens(own_redis), within=SOON, context=lambda: watchdog.tail)
    assert _worker(watchdog) != ended


def test_a_worker_without_a_broker_is_left_alone_and_hears_again_after(watchdog: Process, own_redis: OwnRedis) -> None:
    worker = _worker(watchdog)

    own_redis.kill()
    # Seven questions, more than its patience with an idle worker would last for.
    eventually(lambda: watchdog.log.read_text().count("bell.not_heard") >= 7, within=SOON)
    assert worker.is_running()
    own_redis.start()

    eventually(lambda: _listens(own_redis), within=SOON, context=lambda: watchdog.tail)


def test_a_worker_that_a_read_only_broker_has_ended_waits_until_it_can_be_of_use(
    watchdog: Process, own_redis: OwnRedis
) -> None:
    ended = _worker(watchdog)

    with troubles.read_only(own_redis):
        eventually(lambda: not ended.is_running(), within=SOON, context=lambda: watchdog.tail)
        refusals = watchdog.log.read_text().count("bell.not_heard")
        eventually(lambda: watchdog.log.read_text().count("bell.not_heard") >= refusals + 3, within=SOON)
        assert psutil.Process(watchdog.pid).children() == []

    eventually(lambda: _listens(own_redis), within=SOON, context=lambda: watchdog.tail)


def test_sigterm_ends_the_worker_with_its_watchdog_and_leaves_no_queue(watchdog: Process, own_redis: OwnRedis) -> None:
    worker = _worker(watchdog)

    status = watchdog.terminate(within=timedelta(seconds=10))

    assert status == 0
    assert not worker.is_running()
    with redis.Redis.from_url(own_redis.url) as client:
        assert client.keys("*hear*") == []


def test_a_watchdog_that_is_killed_leaves_no_orphan(watchdog: Process) -> None:
    family = psutil.Process(watchdog.pid).children(recursive=True)
    assert len(family) >= 2

    os.kill(watchdog.pid, signal.SIGKILL)

    gone, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    assert gone


@pytest.fixture
def hearing() -> Hearing:
    """Of a worker that has answered once, at second 100."""
    hearing = Hearing(started_at=90)
    hearing.asked(95, taken=True)
    hearing.beat(os.getpid(), begins=True)
    hearing.beat(os.getpid(), begins=False)
    return hearing


def test_an_idle_worker_that_does_not_answer_is_deaf(hearing: Hearing) -> None:
    hearing.asked(102, taken=True)
    hearing.asked(104, taken=True)

    assert not hearing.is_deaf(112)
    assert hearing.is_deaf(112.1)


def test_silence_without_a_question_says_nothing(hearing: Hearing) -> None:
    assert not hearing.is_deaf(10_000)


def test_an_answer_is_an_answer_to_all_questions(hearing: Hearing) -> None:
    hearing.asked(102, taken=True)
    hearing.beat(os.getpid(), begins=True)
    hearing.beat(os.getpid(), begins=False)

    assert not hearing.is_deaf(10_000)


def test_a_worker_that_works_may_be_silent_for_minutes(hearing: Hearing) -> None:
    hearing.beat(os.getpid(), begins=True)
    hearing.asked(102, taken=True)

    assert not hearing.is_deaf(500)
    assert hearing.is_deaf(703)


def test_a_step_of_a_process_that_was_killed_is_no_work(hearing: Hearing) -> None:
    hearing.beat(_ended_process(), begins=True)
    hearing.asked(102, taken=True)

    assert hearing.is_deaf(113)


def test_what_the_broker_did_not_take_nobody_can_answer(hearing: Hearing) -> None:
    hearing.asked(102, taken=True)
    hearing.asked(104, taken=False)

    assert not hearing.is_deaf(10_000)


def test_a_worker_has_two_minutes_to_start() -> None:
    hearing = Hearing(started_at=100)
    hearing.asked(101, taken=True)

    assert not hearing.is_deaf(221)
    assert hearing.is_deaf(222)


def _ended_process() -> int:
    ended = psutil.Popen([sys.executable, "-c", ""])
    ended.wait()
    return int(ended.pid)
