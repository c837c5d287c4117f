"""Waiting for something to become true: the one place where a test lets time pass."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

Answer = TypeVar("Answer")

POLL_SECONDS = 0.02


def eventually(
    condition: Callable[[], Answer],
    *,
    within: timedelta = timedelta(seconds=10),
    context: Callable[[], str] = str,
) -> Answer:
    """Give back the first true answer of `condition`.

    Raises AssertionError when none comes in time; `context` (a log's tail, say) is then read and shown.
    """
    deadline = time.monotonic() + within.total_seconds()
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"still {answer!r} after {within}\n{context()}")
        time.sleep(POLL_SECONDS)
    return answer
