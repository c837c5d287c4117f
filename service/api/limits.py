"""What a request's body must be before a route sees it: small enough, whole in time, and not compressed."""

import asyncio
import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api import problems
from service.core import errors

BODY_LIMIT = 64 * 1024
LARGE_BODY_LIMIT = 1024 * 1024
# Hundreds of comments, or a policy's lists of words; or a comment twice, a character in nine bytes, as WordPress sends
# it to Akismet.
LARGE_BODIES = frozenset(
    {
        "/v1/comments/batch",
        "/v1/site/policy",
        "/v1/site/shadow",
        "/v1/moderations",
        "/comments:analyze",
        "/v1alpha1/comments:analyze",
        "/comments:suggestscore",
        "/v1alpha1/comments:suggestscore",
        "/1.1/comment-check",
        "/1.1/submit-spam",
        "/1.1/submit-ham",
    }
)
# The console's form of those lists.
LARGE_FORMS = re.compile(r"/console/sites/[^/]+/rules(/preview)?")
BODY_SECONDS = 10.0


class BodyGuard:
    """ASGI middleware: reads the whole body, or answers 408, 413 or 415 and reads no further."""

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await self._whole_body(scope, receive)
        except errors.GatepostError as refusal:
            await problems.answer(refusal)(scope, receive, send)
            return
        if body is not None:
            await self.app(scope, _again(body, receive), send)

    async def _whole_body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None when the client has gone. Raises CompressedError, SlowError or TooLargeError."""
        if Headers(scope=scope).get("content-encoding", "identity").lower() != "identity":
            raise errors.CompressedError
        try:
            async with asyncio.timeout(self.seconds):
                return await _read(receive, _limit(scope["path"]))
        except TimeoutError:
            raise errors.SlowError from None


def _limit(path: str) -> int:
    return LARGE_BODY_LIMIT if path in LARGE_BODIES or LARGE_FORMS.fullmatch(path) else BODY_LIMIT


async def _read(receive: Receive, limit: int) -> bytes | None:
    """Counts what comes: a sender's own Content-Length is only a claim."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > limit:
            raise errors.TooLargeError
        if not message.get("more_body"):
            return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
