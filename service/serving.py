"""How uvicorn serves the application: a request has a deadline, and what is no HTTP gets a problem body too."""

import asyncio
import signal
import socket
import sys

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from service import web
from service.api import limits, problems

# The application answers a slow body with 408 before that; a slow head, or a body that it did not wait for, is cut.
REQUEST_SECONDS = limits.BODY_SECONDS + 2
# How long a client that comes back on its connection is still served.
FAREWELL_SECONDS = 0.5
_INVALID = problems.problem(400, "This is not a request of HTTP/1.1.", headers={"Connection": "close"})


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


class PunctualProtocol(H11Protocol):
    """Closes a connection whose request, head and body, is not whole in time; uvicorn itself waits for ever."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect_request()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # The next request may have begun behind this one. If not, uvicorn's own keep-alive timeout runs.
        unread, _ = self.conn.trailing_data
        if self.conn.their_state is not h11.IDLE or unread:
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text/plain
        # Else the request has had its answer, and this is the rest of it.
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            head = h11.Response(status_code=_INVALID.status_code, headers=_INVALID.raw_headers, reason=b"Bad Request")
            for event in (head, h11.Data(data=bytes(_INVALID.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _expect_request(self) -> None:
        if self.conn.their_state not in {h11.IDLE, h11.SEND_BODY}:
            self._stop_expecting()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.close)

    def _stop_expecting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
