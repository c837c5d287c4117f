"""A cap on request bodies, kept while they are read: a sender's own Content-Length is only a claim."""

from contextlib import suppress
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import problem
from service.core.errors import TooLargeError

BODY_LIMIT = 1024 * 1024


class BodyLimit:
    """ASGI middleware: answers 413 as soon as more than `limit` bytes have come."""

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.limit:
                raise TooLargeError
            return message

        async def unless_too_large(message: Message) -> None:
            # FastAPI makes a 400 of any error while reading.
            if received <= self.limit:
                await send(message)

        with suppress(TooLargeError):
            await self.app(scope, counted, unless_too_large)
        if received > self.limit:
            await problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(TooLargeError()))(scope, receive, send)
