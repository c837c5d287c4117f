"""Filling in the console's forms, as a browser without a script does."""

import re
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from service.core.models import Comment

EMAIL = "mira@example.org"
PASSWORD = "correct horse battery"
QUEUE = "/console/held"


def log_in(client: TestClient, *, password: str = PASSWORD, **fields: str) -> Response:
    return client.post("/console/login", data={"email": EMAIL, "password": password, **fields})


def csrf_token(client: TestClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(QUEUE).text)
    assert found
    return found[1]


def approve(client: TestClient, comment: Comment, **fields: Any) -> Response:
    return _decide(client, comment, "approve", fields)


def reject(client: TestClient, comment: Comment, category: str = "spam", **fields: Any) -> Response:
    return _decide(client, comment, "reject", {"category": category, **fields})


def _decide(client: TestClient, comment: Comment, decision: str, fields: dict[str, Any]) -> Response:
    form = {"csrf_token": csrf_token(client), "sequence": comment.sequence, **fields}
    return client.post(f"/console/comments/{comment.id}/{decision}", data=form)
