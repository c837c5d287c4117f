"""What the client sends, where it tries, and what it makes of the answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import pytest

from tests.servers import loopback
from tests.servers.names import NameServer
from tests.servers.receiver import RESET, Answer, Receiver
from workers import outbound

SOON = timedelta(seconds=10)
Lookup = Callable[[str, int], Awaitable[Sequence[str]]]


def test_the_body_and_the_headers_arrive_as_they_were_given(receiver: Receiver) -> None:
    _post(receiver.url, body=b'{"a":"\xc3\xa9"}', headers={"webhook-id": "evt_1", "content-type": "application/json"})

    [request] = receiver.requests
    assert request.body == b'{"a":"\xc3\xa9"}'
    assert request.headers["webhook-id"] == "evt_1"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"


def test_the_answer_says_status_beginning_and_retry_after(receiver: Receiver) -> None:
    receiver.script(Answer(503, {"retry-after": "120"}, "später".encode()))

    assert _post(receiver.url) == outbound.Answer(503, "später", "120")


def test_the_host_and_the_path_are_those_of_the_url(names: NameServer, receiver: Receiver) -> None:
    names.say("xn--bcher-kva.example", ("127.0.0.1",))

    _post(f"http://bücher.example:{receiver.port}/%7Ea/../hök?a=b&c=%20d#e", lookup=names.lookup)

    [request] = receiver.requests
    assert request.path == "/h%C3%B6k?a=b&c=%20d"
    assert request.headers["host"] == f"xn--bcher-kva.example:{receiver.port}"


def test_the_systems_own_resolver_is_asked_by_default(receiver: Receiver) -> None:
    assert _post(f"http://localhost:{receiver.port}/").status == 200


def test_a_name_that_the_systems_resolver_does_not_know_is_an_outbound_error() -> None:
    # RFC 6761: `.invalid` never is. Without a name server the error is another, but no other kind.
    with pytest.raises(outbound.OutboundError, match="gaierror"):
        _post("https://gatepost.invalid/")


def test_an_address_where_nobody_listens_gives_way_to_the_next(receiver: Receiver) -> None:
    async def lookup(_: str, __: int) -> Sequence[str]:
        return ["127.0.0.2", "::1", "127.0.0.1"]

    assert _post(f"http://blog.example:{receiver.port}/", lookup=lookup).status == 200
    assert len(receiver.requests) == 1


def test_a_reset_is_not_tried_at_another_address(receiver: Receiver) -> None:
    async def lookup(_: str, __: int) -> Sequence[str]:
        return ["127.0.0.1", "127.0.0.2"]

    receiver.script(RESET)

    with pytest.raises(outbound.OutboundError):
        _post(f"http://blog.example:{receiver.port}/", lookup=lookup)

    assert loopback.attempts == [("127.0.0.1", receiver.port)]


def test_a_refused_connection_is_an_outbound_error_that_says_so(receiver: Receiver) -> None:
    receiver.stop()

    with pytest.raises(outbound.OutboundError, match="Cannot connect"):
        _post(receiver.url)


@pytest.mark.parametrize(
    "url",
    [
        "", "/", "http://", "http:///x", "https://:443/", "ftp://127.0.0.1/", "http://[::1/", "http://127.0.0.1:x/",
        "http://a b/", "http://\0/", "http://\ud800.example/", "http://xn--.example/", f"http://{'a' * 70}.example/",
        "http://..", "http://*.example:80",
    ],
)  # fmt: skip
def test_an_impossible_url_is_an_outbound_error(url: str) -> None:
    with pytest.raises(outbound.OutboundError):
        _post(url)


@pytest.mark.parametrize("value", ["a\r\nb: c", "\n", "\r", "a\0b"])
def test_an_impossible_header_is_an_outbound_error_and_splits_no_request(receiver: Receiver, value: str) -> None:
    with pytest.raises(outbound.OutboundError):
        _post(receiver.url, headers={"x-header": value})

    assert receiver.requests == []


def test_a_nul_in_the_answer_is_replaced(receiver: Receiver) -> None:
    receiver.script(Answer(body=b"a\0b"))

    assert _post(receiver.url).text == "a\ufffdb"


def test_an_answer_that_is_no_utf8_is_read_all_the_same(receiver: Receiver) -> None:
    receiver.script(Answer(body=b"\xff\xfe\xc3"))

    assert _post(receiver.url).text == "\ufffd\ufffd\ufffd"


def test_a_compressed_answer_is_kept_as_it_came(receiver: Receiver) -> None:
    receiver.script(Answer(200, {"content-encoding": "gzip"}, b"\x1f\x8b, or so"))

    assert _post(receiver.url).text == "\x1f\ufffd, or so"


def _post(
    url: str,
    *,
    body: bytes = b"{}",
    headers: dict[str, str] | None = None,
    lookup: Lookup = outbound.system_lookup,
) -> outbound.Answer:
    async def post() -> outbound.Answer:
        async with outbound.Client(allow_private=True, lookup=lookup) as client:
            return await client.post(url, body, headers or {}, within=SOON)

    return asyncio.run(post())
