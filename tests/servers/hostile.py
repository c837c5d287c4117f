"""Receivers that misbehave on purpose: each says to whoever connects what no receiver should, and never gives way."""

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import repeat

from tests.servers.receiver import RESET_ON_CLOSE

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
GIGABYTE = 1 << 30
BLOCK = b"x" * 65536


@dataclass(frozen=True)
class Peer:
    """The connection of one who came, and the end of the test."""

    connection: socket.socket
    stopping: threading.Event

    def hear(self) -> None:
        """Read a request; a webhook's comes in one piece or two, and the rest does not matter."""
        self.connection.recv(65536)

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes) -> None:
        """A byte each hundredth of a second."""
        for byte in data:
            if self.stopping.wait(0.01):
                return
            self.connection.sendall(bytes([byte]))

    def flood(self, data: bytes, times: int | None = None) -> None:
        """Say it over and over; for ever, until the other hangs up, if no number is given."""
        for _ in repeat(None) if times is None else repeat(None, times):
            if self.stopping.is_set():
                return
            self.connection.sendall(data)


Behaviour = Callable[[Peer], None]


def stay_silent(_: Peer) -> None:
    """Accept, and nothing more."""


@contextmanager
def serving(behave: Behaviour) -> Iterator[int]:
    """Treat all who connect so, and then stay silent, until the end; the port."""
    stopping = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_accept_all, args=(server, behave, stopping))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            stopping.set()
            # Wakes an accept that nobody came for.
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept_all(server: socket.socket, behave: Behaviour, stopping: threading.Event) -> None:
    threads = []
    with suppress(OSError):
        while True:
            threads.append(threading.Thread(target=_meet, args=(server.accept()[0], behave, stopping)))
            threads[-1].start()
    for thread in threads:
        thread.join()


def _meet(connection: socket.socket, behave: Behaviour, stopping: threading.Event) -> None:
    # The other hangs up, as it should. Nobody reads for long: that must not hold up the end of the test.
    connection.settimeout(5)
    with connection, suppress(OSError):
        behave(Peer(connection, stopping))
        stopping.wait()


def _heard(behave: Behaviour) -> Behaviour:
    def hear_first(peer: Peer) -> None:
        peer.hear()
        behave(peer)

    return hear_first


def _says(data: bytes) -> Behaviour:
    return _heard(lambda peer: peer.say(data))


def _drips(begin: bytes, data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.say(begin)
        peer.drip(data)

    return _heard(behave)


def _floods(begin: bytes, data: bytes, times: int | None = None) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.say(begin)
        peer.flood(data, times)

    return _heard(behave)


def _reset(peer: Peer) -> None:
    peer.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    peer.connection.close()


def _closing(data: bytes) -> Behaviour:
    def behave(peer: Peer) -> None:
        peer.say(data)
        peer.connection.close()

    return _heard(behave)


_BOMB = gzip.compress(b"\0" * 100_000_000)
_ZIPPED = OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(_BOMB)

SILENT: dict[str, Behaviour] = {
    # No answer ever comes: the deadline ends it.
    "silence after accept": stay_silent,
    "silence after the request": _says(b""),
    "half a status line": _says(b"HTTP/1.1 2"),
    "headers without an end": _says(OK + b"a: b\r\n"),
    "less body than announced": _says(OK + b"content-length: 100\r\n\r\nabc"),
    "a drip of status": _drips(b"", b"HTTP/1.1 200 " + b"O" * 5000),
    "a drip of header": _drips(OK, b"x-endless: " + b"a" * 5000),
    "a drip of headers": _drips(OK, b"a: b\r\n" * 1000),
    "a drip of body": _drips(OK + b"content-length: 5000\r\n\r\n", b"a" * 5000),
    "a drip of chunks": _drips(CHUNKED, b"1\r\na\r\n" * 1000),
    "a drip of chunk size": _drips(CHUNKED, b"0" * 5000),
    "a drip of continues": _drips(b"", CONTINUE * 200),
    "100 continue and no more": _says(CONTINUE),
    "103 early hints and no more": _says(b"HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n"),
    "endless continues": _floods(b"", CONTINUE * 1000),
    "endless chunk extension": _floods(CHUNKED + b"1;", BLOCK),
}  # fmt: skip

BROKEN: dict[str, Behaviour] = {
    # What comes is no answer, and is known for none at once.
    "a megabyte of status": _says(b"HTTP/1.1 200 " + b"O" * 1_000_000),
    "a megabyte of header": _says(OK + b"x: " + b"a" * 1_000_000),
    "a megabyte of headers": _says(OK + b"x: yyyyyyyy\r\n" * 80_000),
    "endless header": _floods(OK + b"x: ", BLOCK),
    "endless headers": _floods(OK, b"x: yyyyyyyy\r\n" * 1000),
    "HTTP/0.9": _says(b"<html>hello</html>\r\n\r\n"),
    "endless HTTP/0.9": _floods(b"", b"<html>" * 10_000),
    "another protocol": _says(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "noise": _says(bytes(range(256)) * 100),
    "a TLS alert in clear": _says(b"\x15\x03\x01\x00\x02\x02\x28"),
    "no status": _says(b"HTTP/1.1 \0\xff\r\n\r\n"),
    "a negative length": _says(OK + b"content-length: -1\r\n\r\n"),
    "two lengths": _says(OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab"),
    "no chunk": _says(CHUNKED + b"zz\r\n"),
    "a chunk size that overflows": _says(CHUNKED + b"f" * 40 + b"\r\nab"),
    "a reset at once": _reset,
    "a reset after the request": _heard(_reset),
    "an end after the request": _closing(b""),
    "an end amid the headers": _closing(OK + b"a: "),
    "an end amid the body": _closing(OK + b"content-length: 100\r\n\r\nabc"),
}  # fmt: skip

TLS: dict[str, Behaviour] = {
    # For those who come with https.
    "a handshake that stalls": stay_silent,
    "a handshake that drips": _drips(b"\x16\x03\x03\x3f\xff", b"\0" * 5000),
    "a handshake of noise": _says(bytes(range(256)) * 100),
    "HTTP where TLS is due": _says(OK + b"content-length: 2\r\n\r\nok"),
    "a reset amid the handshake": _heard(_reset),
}

TALKATIVE: dict[str, Behaviour] = {
    # An answer comes, with more than anybody wants to know.
    "a gigabyte of body": _floods(OK + b"content-length: %d\r\n\r\n" % GIGABYTE, BLOCK, GIGABYTE // len(BLOCK)),
    "a body until the end": _floods(OK + b"\r\n", BLOCK),
    "endless chunks": _floods(CHUNKED, b"10000\r\n" + BLOCK + b"\r\n"),
    "endless small chunks": _floods(CHUNKED, b"1\r\na\r\n" * 1000),
    "a gzip bomb": _says(_ZIPPED + _BOMB),
    "a body of noise": _says(OK + b"content-length: 25600\r\n\r\n" + bytes(range(256)) * 100),
    "a body of NUL": _floods(OK + b"\r\n", b"\0" * 65536),
    "a redirect": _says(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
    "a cookie of four kilobytes": _says(OK + b"set-cookie: a=" + b"b" * 4000 + b"\r\ncontent-length: 0\r\n\r\n"),
    "an answer before the request": lambda peer: peer.say(OK + b"content-length: 2\r\n\r\nok"),
    "two answers": _says((OK + b"content-length: 2\r\n\r\nok") * 2),
    "an upgrade": _says(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n"),
    "status 999": _says(b"HTTP/1.1 999 Strange\r\ncontent-length: 0\r\n\r\n"),
    "no reason": _says(b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n"),
}  # fmt: skip
