"""Many at once: threads that all start at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Answer = TypeVar("Answer")


def at_once(count: int, act: Callable[[int], Answer]) -> list[Answer]:
    """Call `act` with 0, 1, … in threads of their own; the answers in that order, or the first error."""
    barrier = threading.Barrier(count)

    def start(number: int) -> Answer:
        barrier.wait(10)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))
