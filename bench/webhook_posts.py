"""Signed webhooks a second to a receiver on loopback: `requests.post` in a loop, and our client.

    python -m bench.webhook_posts [--posts 2000]

The receiver is a process of its own that does nothing but answer; each way runs three times, the median is shown.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from service.core import signing
from workers import outbound

BODY = b'{"type":"comment.approved","data":{"id":"0199","decision":"approve","reasons":[],"scores":{}}}' * 8
SECRET = signing.new_secret()
SOON = timedelta(seconds=15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=2000)
    posts = parser.parse_args().posts
    table = Table("way", "posts a second", "milliseconds of processor a post")
    with receiver() as url:
        for name, send in WAYS.items():
            figures = [measured(send, url, posts) for _ in range(3)]
            table.add_row(name, *(f"{statistics.median(column):.2f}" for column in zip(*figures, strict=True)))
    Console().print(table)


def measured(send: Callable[[str, int], None], url: str, posts: int) -> tuple[float, float]:
    started, busy = time.perf_counter(), time.process_time()
    send(url, posts)
    return posts / (time.perf_counter() - started), 1000 * (time.process_time() - busy) / posts


def headers() -> dict[str, str]:
    signed = signing.headers("evt_1", int(time.time()), BODY.decode(), [SECRET])
    return {"content-type": "application/json", "user-agent": "Gatepost", **signed}


def in_a_loop(url: str, posts: int) -> None:
    for _ in range(posts):
        requests.post(url, data=BODY, headers=headers(), timeout=15)


def one_client_a_post(url: str, posts: int) -> None:
    async def post() -> None:
        async with outbound.Client(allow_private=True) as client:
            await client.post(url, BODY, headers(), within=SOON)

    asyncio.run(together(post, posts, 32))


def one_client(at_once: int) -> Callable[[str, int], None]:
    def send(url: str, posts: int) -> None:
        async def post_all() -> None:
            async with outbound.Client(allow_private=True) as client:
                await together(lambda: client.post(url, BODY, headers(), within=SOON), posts, at_once)

        asyncio.run(post_all())

    return send


async def together(post: Callable[[], Any], posts: int, at_once: int) -> None:
    numbers = iter(range(posts))

    async def work() -> None:
        for _ in numbers:
            await post()

    await asyncio.gather(*(work() for _ in range(at_once)))


WAYS = {
    "requests.post in a loop": in_a_loop,
    "ours, a client a post, 32 at once": one_client_a_post,
    "ours, one client, 4 at once": one_client(4),
    "ours, one client, 32 at once": one_client(32),
}


class Receiver(asyncio.Protocol):
    """The least that answers POST: the client is what is measured."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport, self.read = transport, b""

    def data_received(self, data: bytes) -> None:
        self.read += data
        head, end, body = self.read.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]):
            self.read = b""
            self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")


def serve(told: Any) -> None:
    async def answer_all() -> None:
        server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=1000)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(answer_all())


@contextmanager
def receiver() -> Any:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    yield f"http://127.0.0.1:{ours.recv()}/hook"
    process.kill()


if __name__ == "__main__":
    main()
