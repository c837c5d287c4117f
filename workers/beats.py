"""What a worker tells its watchdog: a few bytes through a pipe when a step begins and when it ends."""

import os
import struct
from collections.abc import Iterator
from contextlib import suppress

# The number of the descriptor to write to; without a watchdog there is none.
VARIABLE = "GATEPOST_BEATS"
# The process, and whether its step begins. Of one size, so that what is read is always whole.
_BEAT = struct.Struct("i?")


def pipe() -> tuple[int, int]:
    """The watchdog's end and the worker's. Neither ever waits for the other."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    os.set_blocking(theirs, False)
    return ours, theirs


def send(*, begins: bool) -> None:
    """Tell that this process begins or ends a step."""
    if number := os.environ.get(VARIABLE):
        # Full, or closed: nobody reads. The work goes on.
        with suppress(OSError):
            os.write(int(number), _BEAT.pack(os.getpid(), begins))


def read(ours: int) -> Iterator[tuple[int, bool]]:
    """(process, begins) of each beat since the last time."""
    with suppress(BlockingIOError):
        while data := os.read(ours, 100 * _BEAT.size):
            yield from _BEAT.iter_unpack(data)
