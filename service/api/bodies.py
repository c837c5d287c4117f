"""JSON bodies as I-JSON (RFC 7493) has them: no body that two parsers may read differently."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute


class IJsonRequest(Request):
    async def json(self) -> Any:
        """Raises JSONDecodeError, which FastAPI answers as 422."""
        body = await self.body()
        try:
            return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse_constant)
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
            return await handle(IJsonRequest(request.scope, request.receive))

        return handle_ijson


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("A name comes twice in one object")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
