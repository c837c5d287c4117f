"""A receiver of webhooks in a process of its own: it does little but answer, and keep what came and when."""

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import NamedTuple

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Request(NamedTuple):
    at: float  # time.monotonic(), one clock for all processes of the machine
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Receiver:
    url: str
    _pipe: Connection

    def count(self) -> int:
        """How many requests have come since they were taken."""
        self._pipe.send("count")
        return int(self._pipe.recv())

    def take(self) -> list[Request]:
        """What has come, once."""
        self._pipe.send("take")
        return [Request(*one) for one in self._pipe.recv()]


@contextmanager
def receiving(delay: float = 0, silent_every: int = 0) -> Iterator[Receiver]:
    """Answers after `delay` seconds, and each `silent_every`-th request never."""
    ours, theirs = multiprocessing.Pipe()
    start = multiprocessing.get_context("spawn").Process
    process = start(target=_serve, args=(theirs, delay, silent_every), daemon=True)
    process.start()
    # Else it would not see that we have ended.
    theirs.close()
    try:
        yield Receiver(f"http://127.0.0.1:{ours.recv()}/hook", ours)
    finally:
        process.kill()


def _serve(told: Connection, delay: float, silent_every: int) -> None:
    came: list[Request] = []
    number = 0

    def answer(transport: asyncio.WriteTransport, request: Request) -> None:
        nonlocal number
        number += 1
        came.append(request)
        if silent_every and number % silent_every == 0:
            return
        if delay:
            asyncio.get_running_loop().call_later(delay, transport.write, _ANSWER)
        else:
            transport.write(_ANSWER)

    def tell() -> None:
        try:
            asked = told.recv()
        except EOFError:
            raise SystemExit from None
        if asked == "count":
            told.send(len(came))
        else:
            told.send([tuple(one) for one in came])
            came.clear()

    async def receive() -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(told.fileno(), tell)
        server = await loop.create_server(lambda: _Protocol(answer), "127.0.0.1", 0, backlog=1000)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(receive())


class _Protocol(asyncio.Protocol):
    """The least that understands POST: the client is what is measured."""

    def __init__(self, answer: Callable[[asyncio.WriteTransport, Request], None]) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport, self._read = transport, b""

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, body = self._read.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            self._read = b""
            first, *lines = head.decode().split("\r\n")
            parted = [line.partition(": ") for line in lines]
            headers = {name.lower(): value for name, _, value in parted}
            self._answer(self._transport, Request(time.monotonic(), first.split(" ")[1], headers, body))
