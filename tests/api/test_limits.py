"""The guard of bodies, at the interface to the web server: what it reads, for how long, and what it passes on."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from service.api.limits import BODY_LIMIT, LARGE_BODIES, LARGE_BODY_LIMIT, BodyGuard

CHUNK = 1000


class Sender:
    """A client that sends these chunks, then nothing more, and never hangs up."""

    def __init__(self, chunks: Sequence[bytes], *, whole: bool = True) -> None:
        self.messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        self.messages[-1]["more_body"] = not whole
        self.taken = 0

    async def receive(self) -> Message:
        if not self.messages:
            await asyncio.Event().wait()
        message = self.messages.pop(0)
        self.taken += len(message["body"])
        return message


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


def ask(receive: Receive, path: str = "/", headers: dict[str, str] | None = None) -> tuple[dict[str, Any], bytes]:
    """The start and the body of the guarded application's answer; nothing was answered: ({}, b"")."""
    encoded = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    scope = {"type": "http", "method": "POST", "path": path, "headers": encoded}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(BodyGuard(echo, seconds=0.2)(scope, receive, send))
    return (dict(sent[0]), sent[1]["body"]) if sent else ({}, b"")


LIMITS = {"/": BODY_LIMIT, **dict.fromkeys(sorted(LARGE_BODIES), LARGE_BODY_LIMIT)}


@pytest.mark.parametrize(("path", "limit"), LIMITS.items())
def test_a_body_that_just_fits_reaches_the_route_whole(path: str, limit: int) -> None:
    start, body = ask(Sender([b"x" * CHUNK, b"", b"y" * (limit - CHUNK)]).receive, path)

    assert start["status"] == 200
    assert body == b"x" * CHUNK + b"y" * (limit - CHUNK)


def test_nothing_is_read_past_the_limit() -> None:
    sender = Sender([b"x" * CHUNK] * 1000)

    start, body = ask(sender.receive)

    assert start["status"] == json.loads(body)["status"] == 413
    assert sender.taken <= BODY_LIMIT + CHUNK


def test_a_compressed_body_is_not_read() -> None:
    sender = Sender([b"x"])

    start, _ = ask(sender.receive, headers={"content-encoding": "gzip"})

    assert start["status"] == 415
    assert sender.taken == 0


@pytest.mark.parametrize("chunks", [[b""], [b"x"] * 100])
def test_a_body_that_never_ends_is_answered_408_and_the_connection_closed(chunks: Sequence[bytes]) -> None:
    start, body = ask(Sender(chunks, whole=False).receive)

    assert start["status"] == json.loads(body)["status"] == 408
    assert (b"connection", b"close") in start["headers"]


def test_a_client_that_hangs_up_is_not_answered() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    assert ask(receive) == ({}, b"")
