"""How Akismet answers: a word with status 200, also for what is wrong with a request."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute


class InvalidError(Exception):
    """The key or the request is no good; the text says what is wrong."""


class AkismetRoute(APIRoute):
    """Answers in Akismet's words, with status 200, what is wrong with a request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_akismet(request: Request) -> Response:
            try:
                return await handle(request)
            except InvalidError as error:
                # The only answer with this header: @cedx/akismet takes it for an error wherever it is.
                return word("invalid", {"X-akismet-debug-help": str(error) or str(error.__doc__)})

        return handle_akismet


def word(text: str, headers: Mapping[str, str] | None = None) -> Response:
    """One word, with no line end: clients compare it."""
    return PlainTextResponse(text, headers=headers)
