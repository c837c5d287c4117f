"""How uvicorn serves the application: what comes too slowly is cut, what is no HTTP is told so, the rest is served."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from service import serving
from tests.servers import ports
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

# What is sent, and how many answers it gets.
HALF_SENT = {
    "nothing": (b"", 0),
    "half a request line": (b"GET / HT", 0),
    "half a head": (GET[:-2], 0),
    "no body": (POST, 0),
    "half a body": (POST + b"1234", 0),
    "half a chunked body": (CHUNKED + b"4\r\n1234\r\n", 0),
    "half a request after a whole one": (GET + GET[:-2], 1),
    "half a body after a whole request": (POST + b"123456789" + POST + b"1", 1),
    "blank lines": (b"\r\n", 0),
    "half a body that nobody waits for": (POST.replace(b"/", b"/early", 1) + b"1", 1),
}
NO_HTTP = {
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "a head that never ends": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000,
    "another version": GET.replace(b"1.1", b"1.2"),
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two hosts": GET.replace(b"Host: x", b"Host: x\r\nHost: x"),
    "a length and chunks": POST.replace(b"Content", b"Transfer-Encoding: chunked\r\nContent"),
    "two lengths": POST.replace(b"\r\n\r\n", b"\r\nContent-Length: 8\r\n\r\n"),
    "a negative length": POST.replace(b"9", b"-9"),
    "NUL in a header": GET.replace(b"Host: x", b"Host: x\0"),
    "a broken chunk": CHUNKED + b"not hexadecimal\r\n",
}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers when the whole body has come; at /early at once."""
    while scope["path"] != "/early" and (message := await receive()).get("more_body"):
        if message["type"] == "http.disconnect":
            return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 0.5)
    port = ports.find_free()
    config = uvicorn.Config(
        application,
        port=port,
        http=serving.PunctualProtocol,
        lifespan="off",
        log_config=None,
        # Longer than any test: what is cut here was cut by us.
        timeout_keep_alive=600,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    yield port
    server.force_exit = server.should_exit = True
    thread.join()


def talk(port: int, *parts: bytes, pause: float = 0) -> bytes:
    """All that the server says to this, until it hangs up; TimeoutError when it does not."""

    async def exchange() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        try:
            return await asyncio.wait_for(reader.read(), 10)
        finally:
            writer.close()

    return asyncio.run(exchange())


@pytest.mark.parametrize(("sent", "answers"), HALF_SENT.values(), ids=HALF_SENT)
def test_a_request_that_is_not_whole_in_time_is_cut(port: int, sent: bytes, answers: int) -> None:
    assert talk(port, sent).count(b"200 OK") == answers


def test_blank_lines_keep_no_connection_open(port: int) -> None:
    assert talk(port, GET, b"\r\n", pause=0.1).count(b"200 OK") == 1


@pytest.mark.parametrize("sent", [GET[:-2], CHUNKED])
def test_a_request_that_drips_is_cut_all_the_same(port: int, sent: bytes) -> None:
    async def drip() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        # Half of a header's name, or of a chunk's length.
        while not reader.at_eof() and not reader.exception():
            writer.write(b"1")
            await asyncio.sleep(0.1)
        writer.close()

    asyncio.run(asyncio.wait_for(drip(), 10))


def test_a_connection_lives_on_while_its_requests_are_whole(port: int) -> None:
    async def exchange() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = 0
        deadline = asyncio.get_running_loop().time() + 3 * serving.REQUEST_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            writer.write(POST + b"123456789" + GET)
            for _ in range(2):
                assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200")
                answers += 1
        writer.close()
        return answers

    assert asyncio.run(exchange()) > 2


@pytest.mark.parametrize("sent", NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_no_http_gets_a_problem_body(port: int, sent: bytes) -> None:
    head, _, body = talk(port, sent).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head.lower()
    assert json.loads(body)["status"] == 400


@pytest.mark.parametrize("endless", [b"1;" + b"x" * 1_000_000, b"0\r\n" + b"X: x\r\n" * 200_000])
def test_chunks_and_trailers_without_end_are_cut_before_their_time_is_over(
    port: int, endless: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "REQUEST_SECONDS", 60)

    with suppress(ConnectionResetError):
        assert b"200 OK" not in talk(port, CHUNKED + endless)


def test_what_is_no_http_after_an_answer_ends_the_connection(port: int) -> None:
    answered = talk(port, CHUNKED.replace(b"/", b"/early", 1), b"not hexadecimal\r\n", pause=0.1)

    assert answered.count(b"HTTP/1.1") == 1
