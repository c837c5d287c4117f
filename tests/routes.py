"""The routes that an application really answers, whether its OpenAPI document tells of them or not."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, Route


def operations(app: FastAPI) -> set[tuple[str, str]]:
    """(method, path) of every route; those of mounted applications are theirs."""
    contexts = [context for context in iter_route_contexts(app.routes) if isinstance(context.original_route, Route)]
    return {(method, context.path or "") for context in contexts for method in (context.methods or set()) - {"HEAD"}}


def mounts(app: FastAPI) -> dict[str, Mount]:
    return {route.path: route for route in app.routes if isinstance(route, Mount)}
