"""JSON bodies as I-JSON (RFC 7493) has them: no body that two parsers may read differently."""

import functools
import json
from collections.abc import Callable, Coroutine
from email.message import Message
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from service.core import errors

# Each unknown name is an error that pydantic writes out: a hundred thousand would stop the web process for a second.
MOST_NAMES = 20_000


class IJsonRequest(Request):
    async def json(self) -> Any:
        """Raises JSONDecodeError, which FastAPI answers as 422."""
        body = await self.body()
        try:
            return json.loads(body.decode(), object_pairs_hook=_Objects().take, parse_constant=_refuse_constant)
        except json.JSONDecodeError:
            raise
        except UnicodeDecodeError:
            raise json.JSONDecodeError("The body must be UTF-8", "", 0) from None
        except RecursionError:
            raise json.JSONDecodeError("The body is nested too deep", "", 0) from None
        except ValueError as error:
            # Ours, or Python's own on a number of more than 4300 digits.
            raise json.JSONDecodeError(str(error), "", 0) from None


class IJsonRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_ijson(request: Request) -> Response:
            ijson = request if isinstance(request, IJsonRequest) else IJsonRequest(request.scope, request.receive)
            # FastAPI would find fault with the body, not with what it is called.
            if self.body_field and await ijson.body() and not is_json(request.headers.get("content-type", "")):
                raise errors.NotJsonError
            return await handle(ijson)

        return handle_ijson


# Few are sent, and to parse one takes as long as to parse a comment.
@functools.lru_cache(maxsize=100)
def is_json(content_type: str) -> bool:
    header = Message()
    header["content-type"] = content_type
    subtype = header.get_content_subtype()
    return header.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))


class _Objects:
    """The objects of one body."""

    def __init__(self) -> None:
        self.names = 0

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("A name comes twice in one object")
        self.names += len(pairs)
        if self.names > MOST_NAMES:
            raise ValueError(f"There are more than {MOST_NAMES:,} names")
        return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
