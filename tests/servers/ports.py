"""Ports on loopback: one that nobody listens on and no other process of the tests is given, and whether one answers."""

import functools
import itertools
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

import httpx2

SIZE = 100
# Below those that Linux gives away itself (ip_local_port_range): no connection takes one before its server does.
BLOCKS = range(10_000, 32_000, SIZE)


def find_free() -> int:
    """None that this process was given lately: who still looks for a server that has ended finds no other."""
    return next(filter(_is_free, _own_block()))


def answers(port: int) -> bool:
    """Whether somebody speaks HTTP there."""
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/", timeout=2).status_code > 0
    except httpx2.TransportError:
        return False


@functools.cache
def _own_block() -> Iterator[int]:
    for start in random.sample(BLOCKS, len(BLOCKS)):
        with socket.socket(socket.AF_UNIX) as claim, suppress(OSError):
            # A name without a file, which one process alone can have (unix(7), abstract); until its end: detached.
            claim.bind(f"\0gatepost-ports-{start}")
            claim.detach()
            return itertools.cycle(range(start, start + SIZE))
    raise RuntimeError("other processes have claimed all ports")


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
