"""The one client that speaks to the outside: where it goes, how long it stays, how much it reads."""

import asyncio
import gzip
import ipaddress
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from tests.servers.receiver import RESET, Answer, Receiver
from tests.servers.waiting import eventually
from workers import outbound

SOON = timedelta(seconds=10)
INNER = [
    # IPv4 (RFC 6890 and its registries)
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.0.170", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255",
    # IPv6
    "::", "::1", "100::1", "2001:db8::1", "2001:2::1", "2001:10::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1", "4000::1", "8000::1",
    # IPv4 in other clothes
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1", "::ffff:224.0.0.1",
    "::ffff:0:127.0.0.1", "::127.0.0.1", "::169.254.169.254", "::8.8.8.8", "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::", "2001::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "93.184.215.14", "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255",
    "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "2001:4860:4860::8888",
    "2606:4700::1111", "2a00:1450:4001::1", "3ffe::1",
]  # fmt: skip
LOOPBACKS = [
    "127.0.0.1", "127.1", "127.0.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001", "0", "0.0.0.0",
    "localhost", "LOCALHOST", "localhost.", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]", "\uff11\uff12\uff17.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_an_inner_address_is_not_public(address: str) -> None:
    assert not outbound.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_hosts_address_is_public(address: str) -> None:
    assert outbound.is_public(address)


def test_no_inner_address_becomes_public_by_being_mapped() -> None:
    mapped = [f"::ffff:{address}" for address in INNER if ipaddress.ip_address(address.partition("%")[0]).version == 4]

    assert [address for address in mapped if outbound.is_public(address)] == []


@pytest.mark.parametrize("host", LOOPBACKS)
def test_no_spelling_of_loopback_gets_a_connection(host: str) -> None:
    with _trap() as (port, connections):
        with pytest.raises(outbound.OutboundError):
            _post(f"http://{host}:{port}/", allow_private=False)

        assert connections == []


def test_the_trap_counts_a_connection_that_is_allowed() -> None:
    with _trap() as (port, connections):
        with pytest.raises(outbound.OutboundError):
            _post(f"http://127.1:{port}/")

        eventually(lambda: connections)


def test_one_inner_address_among_public_ones_refuses_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    _resolve_to(monkeypatch, "8.8.8.8", "127.0.0.1")

    with pytest.raises(outbound.OutboundError, match=r"blog\.example leads to 127\.0\.0\.1"):
        _post("https://blog.example/", allow_private=False)


def test_a_name_is_looked_up_once_and_the_answer_is_what_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    lookups = _resolve_to(monkeypatch, "127.0.0.1")

    answer = _post(f"http://blog.example:{receiver.port}/hook?a=b")

    assert answer.status == 200
    assert lookups == ["blog.example"]
    assert receiver.requests[0].path == "/hook?a=b"
    assert receiver.requests[0].headers["host"] == f"blog.example:{receiver.port}"


def test_an_address_where_nobody_listens_gives_way_to_the_next(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    _resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")

    assert _post(f"http://blog.example:{receiver.port}/").status == 200
    assert len(receiver.requests) == 1


def test_a_reset_is_not_tried_at_another_address(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    _resolve_to(monkeypatch, "127.0.0.1", "127.0.0.1")
    receiver.script(RESET)

    with pytest.raises(outbound.OutboundError):
        _post(receiver.url.replace("127.0.0.1", "blog.example"))

    assert len(receiver.requests) == 1


def test_the_answer_says_status_beginning_and_retry_after(receiver: Receiver) -> None:
    receiver.script(Answer(503, {"retry-after": "120"}, "später".encode()))

    assert _post(receiver.url) == outbound.Answer(503, "später", "120")


def test_the_body_and_the_headers_arrive_as_they_were_given(receiver: Receiver) -> None:
    _post(receiver.url, body=b'{"a":"\xc3\xa9"}', headers={"webhook-id": "evt_1"})

    assert receiver.requests[0].body == b'{"a":"\xc3\xa9"}'
    assert receiver.requests[0].headers["webhook-id"] == "evt_1"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver, status: int) -> None:
    with _trap() as (port, connections):
        receiver.script(Answer(status, {"location": f"http://127.0.0.1:{port}/"}))

        assert _post(receiver.url).status == status

        assert connections == []


@pytest.mark.parametrize(
    "speak",
    [
        pytest.param(lambda _: None, id="silence"),
        pytest.param(lambda drip: drip(b"HTTP/1.1 200 OK\r\nx-endless: " + b"a" * 5000), id="drip header"),
        pytest.param(
            lambda drip: drip(b"a" * 5000, b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n"), id="drip body"
        ),
        pytest.param(lambda drip: drip(b"1\r\na\r\n" * 5000, b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
                     id="drip chunks"),
        pytest.param(lambda drip: drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 500), id="drip continues"),
    ],
)  # fmt: skip
def test_the_deadline_holds_against(speak: Callable[[Callable[..., None]], None]) -> None:
    with _server(speak) as port:
        started = time.monotonic()

        with pytest.raises(outbound.SilentError, match="no complete answer within"):
            _post(f"http://127.0.0.1:{port}/", within=timedelta(seconds=0.4))

        # What drips takes 50 seconds and more; the machine may be busy.
        assert 0.3 < time.monotonic() - started < 5


def test_a_tls_handshake_that_stalls_ends_before_the_deadline_and_leaves_no_socket_open() -> None:
    with _server(lambda _: None) as port, pytest.raises(outbound.SilentError):
        _post(f"https://127.0.0.1:{port}/", within=timedelta(seconds=0.3))


def test_a_huge_body_is_cut_and_takes_no_memory(receiver: Receiver) -> None:
    receiver.script(Answer(200, body=b"x" * 50_000_000))
    _post(receiver.url, within=SOON)  # what is loaded on first use does not count
    receiver.script(Answer(200, body=b"y" * 50_000_000))
    tracemalloc.start()

    answer = _post(receiver.url)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.text == "y" * 4000
    assert peak < 5_000_000


def test_a_gzip_bomb_is_not_unpacked(receiver: Receiver) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    receiver.script(Answer(200, {"content-encoding": "gzip"}, bomb))

    answer = _post(receiver.url)

    assert answer.status == 200
    assert len(answer.text) <= 4000
    assert answer.text[0] == "\x1f"
    assert receiver.requests[0].headers["accept-encoding"] == "identity"


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch, receiver: Receiver) -> None:
    with _trap() as (port, connections):
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        monkeypatch.delenv("NO_PROXY", raising=False)

        assert _post(receiver.url).status == 200

        assert connections == []


@pytest.mark.parametrize(
    "url",
    [
        "", "/", "http://", "http:///x", "https://:443/", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/",
        "http://[::1/", "http://127.0.0.1:x/", "http://a b/", "http://\0/",
        "http://\ud800.example/", "http://xn--.example/", f"http://{'a' * 70}.example/", "http://..", "http://*.example:80",
    ],
)  # fmt: skip
def test_an_impossible_url_is_an_outbound_error(url: str) -> None:
    with pytest.raises(outbound.OutboundError):
        _post(url)


@pytest.mark.parametrize("value", ["a\r\nb: c", "\n", "ä", "\ud800", "a\0b"])
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


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 \0\xff\r\n\r\n", id="no status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nx: " + b"a" * 1_000_000, id="a megabyte of header"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab", id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", id="no chunk"),
    ],
)
def test_an_answer_that_is_no_http_is_an_outbound_error_of_bounded_length(answer: bytes) -> None:
    with (
        _server(lambda drip: drip(b"", answer)) as port,
        pytest.raises(outbound.OutboundError) as raised,
    ):
        _post(f"http://127.0.0.1:{port}/")

    assert 0 < len(str(raised.value)) <= 500


def test_a_refused_connection_is_an_outbound_error_that_says_so(receiver: Receiver) -> None:
    receiver.stop()

    with pytest.raises(outbound.OutboundError, match="ConnectError"):
        _post(receiver.url)


def _post(
    url: str,
    *,
    body: bytes = b"{}",
    headers: dict[str, str] | None = None,
    within: timedelta = SOON,
    allow_private: bool = True,
) -> outbound.Answer:
    return asyncio.run(outbound.post(url, body, headers or {}, within=within, allow_private=allow_private))


def _resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Stand in for the name server; the names that were asked for."""
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    true_getaddrinfo = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, port, *rest, **named: (
            resolve(host, port) if host == "blog.example" else true_getaddrinfo(host, port, *rest, **named)
        ),
    )
    return asked


@contextmanager
def _trap() -> Iterator[tuple[int, list[object]]]:
    """A port that nobody may connect to, and who did. It hears IPv4 and IPv6."""
    connections: list[object] = []
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        threading.Thread(target=_accept_all, args=(server, connections), daemon=True).start()
        yield server.getsockname()[1], connections
        server.shutdown(socket.SHUT_RDWR)


def _accept_all(server: socket.socket, connections: list[object]) -> None:
    while True:
        try:
            connection, address = server.accept()
        except OSError:
            return
        connections.append(address)
        connection.close()


@contextmanager
def _server(speak: Callable[[Callable[..., None]], None]) -> Iterator[int]:
    """Say what is to be said to the first who connects, a byte each hundredth of a second, and then nothing."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve_one, args=(server, speak, stopping))
        thread.start()
        yield server.getsockname()[1]
        stopping.set()
        # Wakes an accept that nobody came for.
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve_one(server: socket.socket, speak: Callable[[Callable[..., None]], None], stopping: threading.Event) -> None:
    try:
        connection, _ = server.accept()
    except OSError:
        return

    def drip(slowly: bytes, at_once: bytes = b"") -> None:
        connection.sendall(at_once)
        for byte in slowly:
            if stopping.wait(0.01):
                return
            connection.sendall(bytes([byte]))
        if not slowly:
            stopping.set()

    with connection:
        try:
            connection.recv(65536)
            speak(drip)
            stopping.wait()
        except OSError:
            """The client has hung up, as it should."""
