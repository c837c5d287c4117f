"""A port on every address of this machine that nobody may connect to, and who did."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Trap:
    port: int
    connections: list[object] = field(default_factory=list)
    """The addresses of those who came."""


@contextmanager
def listening(port: int = 0, host: str = "::") -> Iterator[Trap]:
    """By default it hears IPv4 and IPv6, on all addresses."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, dualstack_ipv6=host == "::") as server:
        trap = Trap(server.getsockname()[1])
        thread = threading.Thread(target=_accept_all, args=(server, trap.connections))
        thread.start()
        try:
            yield trap
        finally:
            # Wakes the accept.
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _accept_all(server: socket.socket, connections: list[object]) -> None:
    while True:
        try:
            connection, address = server.accept()
        except OSError:
            return
        connections.append(address)
        connection.close()
