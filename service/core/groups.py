"""Group commit: requests that arrive together are worked off together, each answered only when its group is done.

Whoever arrives while a group is under way forms the next one: nobody waits for company, and under load the groups grow
by themselves.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Generic, NamedTuple, TypeVar

from service.core import errors

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

MOST_IN_GROUP = 250
# What a second works off, about: who comes later is better off with an answer.
MOST_WAITING = 2000


class _Waiting(NamedTuple):
    item: Any
    future: asyncio.Future[Any]


class Groups(Generic[Item, Outcome]):
    """Hands groups to `work`, in a thread, one after the other; it gives an outcome for each item, in their order.

    An outcome that is an error is raised to its own alone. When `work` raises, each of the group gets the error. When
    the error `is_lost`, so does each that has come meanwhile: it has waited for as long as a group may take, and would
    wait as long again.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Sequence[Outcome | Exception]],
        is_lost: Callable[[Exception], bool] = lambda _: False,
    ) -> None:
        self._work = work
        self._is_lost = is_lost
        self._waiting: list[_Waiting] = []
        self._running = False
        self._lock = threading.Lock()
        # It ends with its owner; at the end of the process a group that is under way is worked off first.
        self._thread = ThreadPoolExecutor(1, "group")

    async def join(self, item: Item) -> Outcome:
        """The item's outcome. Raises CrowdedError when too many wait already, and what `work` raises.

        Who is cancelled while it waits is not worked off, unless its group is under way.
        """
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                raise errors.CrowdedError
            self._waiting.append(_Waiting(item, future))
            if not self._running:
                self._running = True
                self._thread.submit(self._work_off)
        return await future

    def _work_off(self) -> None:
        while group := self._take(MOST_IN_GROUP):
            live = [one for one in group if not one.future.cancelled()]
            try:
                outcomes: Sequence[Outcome | Exception] = self._work([one.item for one in live]) if live else []
            except Exception as error:  # noqa: BLE001 - raised to each who waits
                live += self._take(MOST_WAITING) if self._is_lost(error) else []
                outcomes = [error] * len(live)
            tell([one.future for one in live], outcomes)

    def _take(self, most: int) -> list[_Waiting]:
        with self._lock:
            taken, self._waiting = self._waiting[:most], self._waiting[most:]
            self._running = bool(taken)
            return taken


def tell(futures: Sequence[asyncio.Future[Any]], outcomes: Sequence[Any]) -> None:
    """Give each its outcome, or raise it there, from a thread that is not its loop's.

    In one call for each event loop: to wake one costs more than what it is told.
    """
    by_loop = defaultdict(list)
    for future, outcome in zip(futures, outcomes, strict=True):
        by_loop[future.get_loop()].append((future, outcome))
    for loop, told in by_loop.items():
        # A loop that is closed has nobody left who waits.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, told)


def _resolve(told: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, outcome in told:
        # Cancelled, or told before.
        if future.done():
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
