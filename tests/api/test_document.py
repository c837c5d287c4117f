"""The OpenAPI document is committed, and says what the API does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_app(Settings(database_url="sqlite:///never-opened.db", _env_file=None), SilentBell()).openapi()


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_the_committed_document_is_the_app_s(document: dict[str, Any]) -> None:
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == document, "docs/openapi.json is old: run `make openapi`"


def test_the_command_writes_what_is_committed() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "service.cli", "openapi"], check=True, capture_output=True, timeout=60
    ).stdout

    assert printed == COMMITTED.read_bytes(), "docs/openapi.json is old: run `make openapi`"


def test_every_operation_has_a_short_id_a_description_and_a_described_tag(document: dict[str, Any]) -> None:
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    operations = dict(_operations(document))

    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)
    for name, operation in operations.items():
        assert operation["operationId"].count("_") <= 1, name
        assert operation["description"], name
        assert set(operation["tags"]) <= described, name


def test_every_route_with_a_key_documents_its_refusals_as_problems(document: dict[str, Any]) -> None:
    for name, operation in _operations(document):
        if "/v1/" not in name:
            continue
        assert operation["security"], name
        errors = {code: one for code, one in operation["responses"].items() if code >= "400"}
        expected = {"401", "403", "503"} | ({"404"} if "{" in name else set())
        expected |= {"413", "422"} if "requestBody" in operation else set()
        assert errors.keys() >= expected, name
        for response in errors.values():
            assert response["content"].keys() == {"application/problem+json"}, name


def test_what_a_blog_sends_is_shown_by_examples(document: dict[str, Any]) -> None:
    for schema in ("Submission", "EndpointIn", "CommentOut"):
        properties = document["components"]["schemas"][schema]["properties"]
        assert any("examples" in json.dumps(one) for one in properties.values()), schema


def test_health_needs_no_key(document: dict[str, Any]) -> None:
    assert all("security" not in operation for name, operation in _operations(document) if "/v1/" not in name)
