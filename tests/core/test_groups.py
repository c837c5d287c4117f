"""Group commit: who comes meanwhile forms the next group; each gets its own outcome, and none is forgotten."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from service.core import errors, groups
from service.core.groups import Groups
from tests.servers.waiting import eventually


class Desk:
    """Works off groups when it may, and notes who was in each."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.open = threading.Event()

    def work(self, group: Sequence[int]) -> list[int]:
        self.groups.append(list(group))
        assert self.open.wait(30)
        return [10 * number for number in group]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def under_way(desk: Desk) -> None:
    await asyncio.to_thread(eventually, lambda: desk.groups, within=timedelta(seconds=30))


def run(scenario: Callable[[], object]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


def test_who_comes_while_a_group_is_under_way_forms_the_next(desk: Desk) -> None:
    joined: Groups[int, int] = Groups(desk.work)

    async def scenario() -> None:
        first = asyncio.create_task(joined.join(1))
        await under_way(desk)
        later = [asyncio.create_task(joined.join(number)) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        desk.open.set()
        assert list(await asyncio.gather(first, *later)) == [10, 20, 30, 40]

    run(scenario)
    assert desk.groups == [[1], [2, 3, 4]]


def test_a_group_has_a_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_IN_GROUP", 2)
    joined: Groups[int, int] = Groups(desk.work)

    async def scenario() -> None:
        first = asyncio.create_task(joined.join(1))
        await under_way(desk)
        later = [asyncio.create_task(joined.join(number)) for number in (2, 3, 4)]
        await asyncio.sleep(0)
        desk.open.set()
        await asyncio.gather(first, *later)

    run(scenario)
    assert desk.groups == [[1], [2, 3], [4]]


def test_who_comes_when_too_many_wait_is_refused_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_WAITING", 1)
    joined: Groups[int, int] = Groups(desk.work)

    async def scenario() -> None:
        first = asyncio.create_task(joined.join(1))
        await under_way(desk)
        second = asyncio.create_task(joined.join(2))
        await asyncio.sleep(0)
        with pytest.raises(errors.CrowdedError):
            await joined.join(3)
        desk.open.set()
        assert list(await asyncio.gather(first, second)) == [10, 20]

    run(scenario)


def test_who_is_cancelled_while_waiting_is_not_worked_off_and_nobody_else_is_disturbed(desk: Desk) -> None:
    joined: Groups[int, int] = Groups(desk.work)

    async def scenario() -> None:
        first = asyncio.create_task(joined.join(1))
        await under_way(desk)
        gone, stays = (asyncio.create_task(joined.join(number)) for number in (2, 3))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        desk.open.set()
        assert list(await asyncio.gather(first, stays)) == [10, 30]

    run(scenario)
    assert desk.groups == [[1], [3]]


def test_who_is_cancelled_in_a_group_that_is_under_way_takes_nobody_along(desk: Desk) -> None:
    joined: Groups[int, int] = Groups(desk.work)

    async def scenario() -> None:
        gone = asyncio.create_task(joined.join(1))
        await under_way(desk)
        gone.cancel()
        later = asyncio.create_task(joined.join(2))
        await asyncio.sleep(0)
        desk.open.set()
        assert await later == 20

    run(scenario)


def test_an_error_goes_to_each_of_the_group_and_the_next_group_is_worked_off() -> None:
    def work(group: Sequence[int]) -> list[int]:
        if 1 in group:
            raise ValueError("not this one")
        return list(group)

    joined: Groups[int, int] = Groups(work)

    async def scenario() -> None:
        with pytest.raises(ValueError, match="not this one"):
            await joined.join(1)
        assert await joined.join(2) == 2

    run(scenario)


def test_an_outcome_that_is_an_error_is_raised_to_its_own_alone() -> None:
    joined: Groups[int, int | Exception] = Groups(
        lambda group: [ValueError("one") if number == 1 else number for number in group]
    )

    async def scenario() -> list[object]:
        return list(await asyncio.gather(*(joined.join(number) for number in (1, 2)), return_exceptions=True))

    bad, good = asyncio.run(scenario())
    assert isinstance(bad, ValueError)
    assert good == 2


def test_when_the_database_is_lost_those_who_have_waited_meanwhile_do_not_wait_again() -> None:
    worked_off, lost = list[list[int]](), threading.Event()

    def work(group: Sequence[int]) -> list[int]:
        worked_off.append(list(group))
        assert lost.wait(30)
        raise ConnectionError

    joined: Groups[int, int] = Groups(work, is_lost=lambda error: isinstance(error, ConnectionError))

    async def scenario() -> list[object]:
        first = asyncio.create_task(joined.join(1))
        await asyncio.to_thread(eventually, lambda: worked_off)
        later = [asyncio.create_task(joined.join(number)) for number in (2, 3)]
        await asyncio.sleep(0)
        lost.set()
        return list(await asyncio.gather(first, *later, return_exceptions=True))

    assert [type(outcome) for outcome in asyncio.run(scenario())] == [ConnectionError] * 3
    assert worked_off == [[1]]


def test_an_event_loop_that_is_closed_does_not_stop_the_next(desk: Desk) -> None:
    joined: Groups[int, int] = Groups(desk.work)

    async def leave() -> None:
        asyncio.create_task(joined.join(1)).add_done_callback(lambda _: None)
        await under_way(desk)

    asyncio.run(leave())
    desk.open.set()

    assert asyncio.run(joined.join(2)) == 20


SLOW = """
import asyncio, threading, time
from service.core.groups import Groups

under_way = threading.Event()

def work(group):
    under_way.set()
    time.sleep(0.5)
    print("stored", *group, flush=True)
    return group

async def leave():
    waiting = asyncio.create_task(joined.join(1))
    await asyncio.to_thread(under_way.wait)
    waiting.cancel()

joined = Groups(work)
asyncio.run(leave())
"""


def test_a_group_that_is_under_way_when_the_process_ends_is_worked_off() -> None:
    ended = subprocess.run([sys.executable, "-c", SLOW], capture_output=True, text=True, check=True, timeout=60)

    assert ended.stdout == "stored 1\n"
