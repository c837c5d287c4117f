"""Signed webhooks a second to a receiver on loopback: `requests.post` in a loop, and our client.

    python -m bench.webhook_posts [--posts 2000]

The receiver is a process of its own that does nothing but answer; each way runs three times, the median is shown.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from bench.receiver import receiving
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
    with receiving() as receiver:
        for name, send in WAYS.items():
            figures = [measured(send, receiver.url, posts) for _ in range(3)]
            assert len(receiver.take()) == 3 * posts
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


if __name__ == "__main__":
    main()
