"""The OpenAPI document: FastAPI's, with what it cannot know."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from service.api import problems

TAGS = [
    {"name": "comments", "description": "Hand comments in, look their decisions up, correct them."},
    {"name": "webhooks", "description": "Where decisions are posted to, and every attempt to do so."},
    {"name": "site", "description": "The site that the key belongs to, and its rules."},
    {"name": "health", "description": "For load balancers and monitoring; no key needed."},
]
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_QUOTA_HEADERS = {
    "Retry-After": {"description": "Seconds until there is one more.", "schema": {"type": "integer"}},
    "RateLimit": {"description": '`"key";r=…;t=…`: what is left, and seconds until there is one more.'},
    "RateLimit-Policy": {"description": '`"key";q=…;w=60`: what there is in a minute.'},
}


def operation_id(route: APIRoute) -> str:
    """What generated clients call the method."""
    return route.name


def install(app: FastAPI) -> None:
    app.openapi_tags = TAGS
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        # `generate` keeps its document; telling the media types again changes nothing.
        document = generate()
        for path in document["paths"].values():
            for operation in path.values():
                _tell_refusals(operation)
                for response in operation["responses"].values():
                    _tell_media_type(response.get("content", {}))
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _tell_refusals(operation: dict[str, Any]) -> None:
    """What is refused before the route has its say."""
    for code in (408, 413, 415) if "requestBody" in operation else ():
        operation["responses"][str(code)] = _refusal(code)
    if "security" in operation:
        operation["responses"]["429"] = _refusal(429) | {"headers": _QUOTA_HEADERS}


def _refusal(code: int) -> dict[str, Any]:
    return {"description": problems.meaning(code), "content": {"application/problem+json": {"schema": _PROBLEM}}}


def _tell_media_type(content: dict[str, Any]) -> None:
    if content.get("application/json", {}).get("schema") == _PROBLEM:
        content["application/problem+json"] = content.pop("application/json")
