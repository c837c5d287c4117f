"""The OpenAPI document: FastAPI's, with what it cannot know."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

TAGS = [
    {"name": "comments", "description": "Hand comments in, look their decisions up, correct them."},
    {"name": "webhooks", "description": "Where decisions are posted to, and every attempt to do so."},
    {"name": "site", "description": "The site that the key belongs to, and its rules."},
    {"name": "health", "description": "For load balancers and monitoring; no key needed."},
]
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


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
                for response in operation["responses"].values():
                    _tell_media_type(response.get("content", {}))
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _tell_media_type(content: dict[str, Any]) -> None:
    if content.get("application/json", {}).get("schema") == _PROBLEM:
        content["application/problem+json"] = content.pop("application/json")
