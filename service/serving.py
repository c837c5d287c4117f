"""How uvicorn serves the application: a request has a deadline, and what is no HTTP gets a problem body too."""

import asyncio
import signal
import socket
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service import web
from service.api import limits, problems

# The application answers a slow body with 408 before that; a slow head, or a body that it did not wait for, is cut.
REQUEST_SECONDS = limits.BODY_SECONDS + 2
# How long a client that comes back on its connection is still served.
FAREWELL_SECONDS = 0.5
MOST_UNREAD_BYTES = 64 * 1024
_INVALID = problems.problem(400, "This is not a request of HTTP/1.1.", headers={"Connection": "close"})
_INVALID_ANSWER = b"HTTP/1.1 400 Bad Request\r\n%b\r\n%b" % (
    b"".join(b"%b: %b\r\n" % header for header in _INVALID.raw_headers),
    bytes(_INVALID.body),
)


def serve(factory: str, host: str, port: int) -> None:
    """Serve until a signal comes, then end as a program that was asked to: `finally` and all."""
    # uvicorn shuts down on a signal and then raises it again.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit())
    # By its name, so that a web process of a server never imports what the embedded mode needs.
    server = PoliteServer(
        uvicorn.Config(
            factory,
            factory=True,
            host=host,
            port=port,
            http=PunctualProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    server.run()
    if not server.started:
        sys.exit(1)


class PoliteServer(uvicorn.Server):
    """Shuts down without cutting a client short: one that keeps its connection hears first that it will end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        web.closing.set()
        for server in self.servers:
            server.close()
        # uvicorn would close what is idle at once, also when a request is on its way there.
        self.server_state.default_headers.append((b"connection", b"close"))
        await asyncio.sleep(FAREWELL_SECONDS)
        await super().shutdown(sockets)


class PunctualProtocol(HttpToolsProtocol):
    """Closes a connection whose request, head and body, is not whole in time; uvicorn itself waits for ever.

    Refuses what its parser lets pass: a head or trailers without end, other versions than HTTP/1, and a request without
    one Host (RFC 9112, 3.2).
    """

    _deadline: asyncio.TimerHandle | None = None
    # Of the request that is being read.
    _in_body = False
    # Read since the parser has last made something whole: a head, the size of a chunk, a piece of the body.
    _unread_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        self._unread_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unread_bytes > MOST_UNREAD_BYTES:
            self.send_400_response("")
        elif not self._is_answering:
            # Blank lines before a request, say, for which uvicorn would wait for ever.
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_request()

    def on_headers_complete(self) -> None:
        version = self.parser.get_http_version()
        hosts = sum(name == b"host" for name, _ in self.headers)
        if (hosts != 1 and (hosts or version != "1.0")) or version not in {"1.0", "1.1"}:
            # Its parser turns any error into its own.
            raise ValueError("no request of HTTP/1")
        super().on_headers_complete()
        self._in_body, self._unread_bytes = True, 0

    def on_chunk_header(self) -> None:
        self._unread_bytes = 0

    def on_body(self, body: bytes) -> None:
        self._unread_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body, self._unread_bytes = False, 0
        self._stop_expecting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text/plain
        # Else this is the rest of a request that was answered, or one before was not, and would take it for its own.
        if not self.cycle.response_started if self._in_body else not self._is_answering:
            self.transport.write(_INVALID_ANSWER)
        self.transport.close()

    @property
    def _is_answering(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.close)

    def _stop_expecting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
