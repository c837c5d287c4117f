"""What nobody in their right mind sends: each answer is a short problem body, and nothing is stored."""

import gzip
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import col, func, select

from service.api.limits import BODY_LIMIT, LARGE_BODY_LIMIT
from service.core.models import Comment, Endpoint, IdempotencyKey, PolicyVersion
from service.core.submissions import METADATA_DEPTH, Submission

PATH = "/v1/comments"
HARMLESS = b'{"text": "x"}'
SMILE = "\N{GRINNING FACE}"


def _with(member: bytes) -> bytes:
    return b'{"text": "x", %s}' % member


def _nested(levels: int) -> bytes:
    return _with(b'"metadata": {"a": %s}' % (b"[" * levels + b"]" * levels))


BODIES = {
    "nothing": b"",
    "half a body": b'{"text": ',
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "NaN": _with(b'"fill_seconds": NaN'),
    "NaN in metadata": _with(b'"metadata": {"a": NaN}'),
    "Infinity": _with(b'"fill_seconds": Infinity'),
    "-Infinity in metadata": _with(b'"metadata": {"a": -Infinity}'),
    "1e400": _with(b'"fill_seconds": 1e400'),
    "1e400 in metadata": _with(b'"metadata": {"a": 1e400}'),
    "5,000 digits": _with(b'"fill_seconds": %s' % (b"9" * 5000)),
    "5,000 digits in metadata": _with(b'"metadata": {"a": %s}' % (b"9" * 5000)),
    "4,000 digits": _with(b'"fill_seconds": %s' % (b"9" * 4000)),
    "100,000 lists": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    **{f"metadata {levels} deep": _nested(levels) for levels in (METADATA_DEPTH, 33, 255, 256, 500, 900, 2000)},
    "bad UTF-8": b'{"text": "\xff"}',
    "a surrogate in UTF-8": b'{"text": "\xed\xa0\x80"}',
    "UTF-16": '{"text": "x"}'.encode("utf-16"),
    "UTF-16 without a mark": '{"text": "x"}'.encode("utf-16-le"),
    "UTF-32": '{"text": "x"}'.encode("utf-32"),
    "a byte order mark": '{"text": "x"}'.encode("utf-8-sig"),
    "gzip": gzip.compress(HARMLESS),
    "a name twice": b'{"text": "a", "text": "b"}',
    "a name twice in metadata": _with(b'"metadata": {"a": 1, "a": 2}'),
    "an unknown name": _with(b'"txt": "x"'),
    "a surrogate as a name": _with(b'"\\ud800": 1'),
    "a surrogate as a name in metadata": _with(b'"metadata": {"\\ud800": 1}'),
    "a surrogate in metadata": _with(b'"metadata": {"a": ["\\udfff"]}'),
    "NUL as a name in metadata": _with(b'"metadata": {"\\u0000": 1}'),
    "NUL in metadata": _with(b'"metadata": {"a": "\\u0000"}'),
    "NUL in an address": _with(b'"author_ip": "fe80::1\\u0000"'),
    "metadata that is a list": _with(b'"metadata": []'),
    "5,000 bytes of metadata": _with(b'"metadata": {"a": "%s"}' % (b"x" * 5000)),
    "a time before the calendar": _with(b'"posted_at": "0001-01-01T00:00:00+23:59"'),
    "a time after the calendar": _with(b'"posted_at": "9999-12-31T23:59:59-23:59"'),
    "a time without a zone": _with(b'"posted_at": "2026-01-01T00:00:00"'),
    "a time too large": _with(b'"posted_at": 1e300'),
    "a text too long": b'{"text": "%s"}' % (b"x" * 50_001),
    "100,000 unknown names": json.dumps(dict.fromkeys(range(100_000), 0), separators=(",", ":")).encode(),
    "long unknown names": json.dumps({SMILE * 300 + str(n): 0 for n in range(50)}, ensure_ascii=False).encode(),
    "slashes and tildes": json.dumps({"/~" * 300 + str(n): 0 for n in range(50)}).encode(),
}

STRINGS = sorted(
    Submission.model_fields[name].alias or name
    for name, field in Submission.model_json_schema(by_alias=False)["properties"].items()
    if "string" in json.dumps(field) and name not in {"posted_at", "post_published_at"}
)

HEADERS: dict[str, tuple[bytes, bytes]] = {
    "a huge Idempotency-Key": (b"idempotency-key", b"k" * 100_000),
    "an empty Idempotency-Key": (b"idempotency-key", b""),
    "NUL in the Idempotency-Key": (b"idempotency-key", b"a\x00b"),
}

CONTENT_TYPES = (
    b"",
    b"text/plain",
    b"text/json",
    b"application/x-www-form-urlencoded",
    b"multipart/form-data; boundary=x",
    b"application/json-seq",
    b"application",
    b"\xff;;;=",
)

CONTENT_ENCODINGS = (b"gzip", b"GZIP", b"deflate", b"br", b"zstd", b"identity, gzip", b"\xff", b"")

QUERIES = [
    "?external_id=a%00b",
    "?external_id=" + "x" * 10_000,
    "?after=%00",
    "?after=1",
    "?status=%00",
    "?status=published",
    "?limit=0",
    "?limit=201",
    "?limit=1e3",
    "?limit=" + "9" * 5000,
    "/a%00b",
    "/%ff",
    "/" + "9" * 5000,
    "/../../etc/passwd",
]


@pytest.fixture
def nothing_stored(app: FastAPI, client: TestClient) -> Iterator[None]:
    yield
    with app.state.database.reading() as session:
        for table in (Comment, IdempotencyKey, Endpoint):
            assert session.exec(select(func.count()).select_from(table)).one() == 0
        assert session.exec(select(func.max(col(PolicyVersion.version)))).one() == 1


pytestmark = pytest.mark.usefixtures("nothing_stored")


def _post(client: TestClient, body: bytes | Iterator[bytes], path: str = PATH, method: str = "POST") -> Response:
    return client.request(method, path, content=body, headers={"content-type": "application/json"})


def _assert_refused(answer: Response, what: str, status: int | None = None) -> None:
    assert 400 <= answer.status_code < 500, (what, answer.status_code)
    assert status in (None, answer.status_code), (what, answer.status_code)
    assert answer.headers["content-type"] == "application/problem+json", what
    assert answer.json()["status"] == answer.status_code
    assert len(answer.content) < 10_000, what


def test_a_hostile_body_is_refused(client: TestClient) -> None:
    for what, body in BODIES.items():
        _assert_refused(_post(client, body), what, 413 if len(body) > BODY_LIMIT else 422)


def test_a_hostile_comment_in_a_batch_is_refused(client: TestClient) -> None:
    for what, body in BODIES.items():
        batch = b'{"comments": [{"text": "x"}, %s]}' % body
        _assert_refused(_post(client, batch, f"{PATH}/batch"), what, 422)


def test_a_body_of_very_many_names_is_refused_before_each_becomes_an_error(client: TestClient) -> None:
    answer = _post(client, b'{"comments": [%s]}' % BODIES["100,000 unknown names"], f"{PATH}/batch")

    _assert_refused(answer, "100,000 names", 422)
    assert [error["pointer"] for error in answer.json()["errors"]] == [""]
    assert "20,000 names" in answer.json()["errors"][0]["detail"]


def test_a_hostile_body_is_refused_by_every_route_that_takes_one(app: FastAPI, client: TestClient) -> None:
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            if path.startswith("/v1/") and "application/json" in operation.get("requestBody", {}).get("content", {}):
                for what, body in BODIES.items():
                    answer = _post(client, body, re.sub("{.*?}", str(uuid4()), path), method.upper())
                    _assert_refused(answer, f"{what} at {path}")


def test_no_text_field_takes_what_cannot_be_stored(client: TestClient) -> None:
    values: list[Any] = ["\0", "a\0b", "\ud800", "a\udfffb", 1, True, [], {}, "x" * 60_000]
    assert "author_ip" in STRINGS
    for name, value in itertools.product(STRINGS, values):
        answer = _post(client, json.dumps({"text": "x", name: value}).encode())
        _assert_refused(answer, name, 422)
        assert answer.json()["errors"][0]["pointer"] == f"/{name}"


def test_a_hostile_policy_is_refused(client: TestClient) -> None:
    bodies = {
        "NaN": b'{"thresholds": {"spam": NaN}}',
        "NUL": b'{"held_words": ["a\\u0000"]}',
        "a surrogate": b'{"held_words": ["\\ud800"]}',
        "long unknown labels": json.dumps({"thresholds": {SMILE * 300 + str(n): 0 for n in range(50)}}).encode(),
        "surrogates as labels": b'{"thresholds": {"\\ud800": 0.5}}',
        "100,000 words": json.dumps({"held_words": ["word"] * 100_000}).encode(),
    }
    for what, body in bodies.items():
        _assert_refused(_post(client, body, "/v1/site/policy", "PUT"), what, 422)


def test_a_hostile_webhook_is_refused(client: TestClient) -> None:
    for url in ("https://a\0b/", "https://\ud800/", "https://[/", "x" * 10_000, "javascript:alert(1)"):
        _assert_refused(_post(client, json.dumps({"url": url}).encode(), "/v1/webhooks"), url[:20], 422)


def test_a_hostile_header_is_refused(client: TestClient) -> None:
    for what, (name, value) in HEADERS.items():
        headers = {b"content-type": b"application/json", name: value}
        _assert_refused(client.post(PATH, content=HARMLESS, headers=headers), what, 422)


def test_what_is_not_called_json_is_refused(client: TestClient) -> None:
    for value in CONTENT_TYPES:
        answer = client.post(PATH, content=HARMLESS, headers={b"content-type": value})
        _assert_refused(answer, repr(value), 415)
        assert answer.headers["accept"] == "application/json"


def test_a_compressed_body_is_refused_whatever_it_holds(client: TestClient) -> None:
    for value in CONTENT_ENCODINGS:
        headers = {b"content-type": b"application/json", b"content-encoding": value}
        for body in (HARMLESS, gzip.compress(HARMLESS), gzip.compress(b"0" * 10_000_000)):
            answer = client.post(PATH, content=body, headers=headers)
            _assert_refused(answer, repr(value), 415)
            assert answer.headers["accept-encoding"] == "identity"


def test_a_hostile_address_is_refused(client: TestClient) -> None:
    for query in QUERIES:
        _assert_refused(client.get(PATH + query), query[:30])


def test_a_method_that_is_not_there_is_refused_and_those_that_are_named(client: TestClient) -> None:
    for method in ("PATCH", "POST", "TRACE", "BREW"):
        answer = client.request(method, f"{PATH}/{uuid4()}")
        _assert_refused(answer, method, 405)
        assert answer.headers["allow"] == "DELETE, GET, PUT"


@pytest.mark.parametrize(
    ("path", "size"),
    [(PATH, BODY_LIMIT + 1), (PATH, 2_000_000), (f"{PATH}/batch", LARGE_BODY_LIMIT + 1), (f"{PATH}/batch", 2_000_000)],
)
def test_a_body_over_the_limit_is_refused_whatever_length_it_claims(client: TestClient, path: str, size: int) -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b"x" * 10_000 for _ in range(size // 10_000 + 1))

    _assert_refused(_post(client, b"x" * size, path), "with a Content-Length", 413)
    _assert_refused(_post(client, chunks(), path), "chunked", 413)


def test_a_refusal_does_not_echo_what_came_in(client: TestClient) -> None:
    def marked(name: str) -> bytes:
        return json.dumps({"text": "x", name: "marker" * 10_000}).encode()

    for name in STRINGS:
        assert b"marker" not in _post(client, marked(name)).content, name
    assert b"marker" not in _post(client, _with(b'"author_ip": "marker"')).content
