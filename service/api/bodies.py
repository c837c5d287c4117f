"""JSON bodies: no body that two parsers may read differently, and none that is called something else."""

import functools
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from service.core import errors, ijson


class IJsonRequest(Request):
    async def json(self) -> Any:
        """Raises JSONDecodeError, which FastAPI answers as 422."""
        return ijson.loads(await self.body())


class IJsonRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_ijson(request: Request) -> Response:
            read = request if isinstance(request, IJsonRequest) else IJsonRequest(request.scope, request.receive)
            # FastAPI would find fault with the body, not with what it is called.
            if self.body_field and await read.body() and not is_json(request.headers.get("content-type", "")):
                raise errors.NotJsonError
            return await handle(read)

        return handle_ijson


# Few are sent, and to parse one takes as long as to parse a comment.
@functools.lru_cache(maxsize=100)
def is_json(content_type: str) -> bool:
    header = Message()
    header["content-type"] = content_type
    subtype = header.get_content_subtype()
    return header.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
