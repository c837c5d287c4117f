"""TLS in front of Gatepost, as its operator's proxy does it: takes it off and passes on the bytes."""

import socket
import ssl
import threading
from contextlib import suppress

import trustme

from tests.servers import ports


class TlsFront:
    def __init__(self, certificate: trustme.LeafCert, target: int) -> None:
        self.port = ports.find_free()
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", self.port))

    def start(self) -> None:
        threading.Thread(target=self._accept, name="front", daemon=True).start()

    def stop(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        # Closed by `stop`.
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that goes away, or does not trust us, is its test's affair.
        with (
            suppress(OSError),
            connection,
            self._context.wrap_socket(connection, server_side=True) as outside,
            socket.create_connection(("127.0.0.1", self._target)) as inside,
        ):
            back = threading.Thread(target=_pass_on, args=(inside, outside), daemon=True)
            back.start()
            _pass_on(outside, inside)
            back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
