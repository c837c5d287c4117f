"""A webhook receiver: a real HTTP server that records, verifies signatures and misbehaves by script."""

import json
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import standardwebhooks

from tests.servers import ports
from tests.servers.waiting import eventually

# SO_LINGER on, for zero seconds: closing sends RST instead of FIN.
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    """The names are in lower case."""
    body: bytes
    received_at: datetime
    verified: bool | None
    """None when the receiver has no secret."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What the receiver does with one request; `drip` is the pause before each byte of the body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: timedelta = timedelta(0)
    drip: timedelta = timedelta(0)
    reset: bool = False


OK = Answer()
RESET = Answer(reset=True)
REFUSED_SIGNATURE = Answer(status=401)


class Receiver:
    """Answers by the script, one answer a request, and then with `otherwise`."""

    def __init__(self, secret: str | None = None, *, otherwise: Answer = OK, port: int | None = None) -> None:
        self.secret = secret
        self.otherwise = otherwise
        self.requests: list[Request] = []
        self.port = port or ports.find_free()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._script: deque[Answer] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._server: _Server | None = None

    def script(self, *answers: Answer) -> None:
        """Give these answers to the next requests, before `otherwise`."""
        with self._lock:
            self._script.extend(answers)

    def start(self, *, tls: ssl.SSLContext | None = None) -> None:
        """Listen, always on the same port; with `tls` for https."""
        self._stopping.clear()
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._server.receiver = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections and cut every delay short."""
        if self._server is not None:
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def wait_for(
        self, condition: Callable[[list[Request]], bool], *, within: timedelta = timedelta(seconds=10)
    ) -> list[Request]:
        """Give back the requests once they meet the condition; AssertionError when they don't in time."""
        eventually(lambda: condition(self.requests), within=within, context=lambda: f"got {self.requests}")
        return list(self.requests)

    def pause(self, duration: timedelta) -> None:
        self._stopping.wait(duration.total_seconds())

    def receive(self, request: Request) -> Answer:
        """Record the request and choose its answer; a wrong signature is answered 401 and uses up no script."""
        with self._lock:
            self.requests.append(request)
            if request.verified is False:
                return REFUSED_SIGNATURE
            return self._script.popleft() if self._script else self.otherwise

    def verifies(self, headers: Mapping[str, str], body: bytes) -> bool | None:
        """None without a secret."""
        if self.secret is None:
            return None
        try:
            standardwebhooks.Webhook(self.secret).verify(body, dict(headers))
        # Malformed headers and bodies come out as bare ValueErrors (base64, UTF-8, JSON).
        except (standardwebhooks.WebhookVerificationError, ValueError):
            return False
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A web server's usual backlog; the default of 5 resets what comes in a burst.
    request_queue_size = 128
    receiver: Receiver

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that hangs up is no error of the receiver's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        receiver = self.server.receiver
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", "0")))
        verified = receiver.verifies(headers, body)
        answer = receiver.receive(Request(self.command, self.path, headers, body, datetime.now(UTC), verified))
        receiver.pause(answer.delay)
        if answer.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.close_connection = True
        else:
            self._send(answer)

    do_DELETE = do_POST  # noqa: N815 - the name that the library looks for

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {"content-length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if answer.drip:
            for byte in answer.body:
                self.server.receiver.pause(answer.drip)
                self.wfile.write(bytes([byte]))
        else:
            self.wfile.write(answer.body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Be silent: the requests are recorded."""
