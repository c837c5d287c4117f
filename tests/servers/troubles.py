"""What may befall a broker: each holds for as long as its block lasts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import redis

from tests.servers.redis import OwnRedis


@contextmanager
def dead(server: OwnRedis) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def frozen(server: OwnRedis) -> Iterator[None]:
    """Its connections stay open, and nothing answers."""
    server.freeze()
    yield
    server.thaw()


@contextmanager
def full(server: OwnRedis) -> Iterator[None]:
    """It refuses whatever would need memory."""
    with redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory", 1)
        yield
        client.config_set("maxmemory", 0)


@contextmanager
def read_only(server: OwnRedis) -> Iterator[None]:
    """It has become the replica of a server that is not there."""
    with redis.Redis.from_url(server.url) as client:
        client.replicaof("127.0.0.1", "1")
        yield
        client.replicaof("NO", "ONE")


@contextmanager
def flushed(server: OwnRedis) -> Iterator[None]:
    """Ten times a second."""
    stop = threading.Event()

    def flush() -> None:
        while not stop.wait(0.1):
            server.flushall()

    thread = threading.Thread(target=flush)
    thread.start()
    yield
    stop.set()
    thread.join()


Trouble = Callable[[OwnRedis], AbstractContextManager[None]]
TROUBLES: dict[str, Trouble] = {
    "dead": dead,
    "frozen": frozen,
    "full": full,
    "read-only": read_only,
    "flushed": flushed,
}
