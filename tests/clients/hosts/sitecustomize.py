"""Names that lead elsewhere, for a Python process: what a name server or a hosts file would say, and to which port."""

import json
import os
import socket
from typing import Any

_PORTS: dict[str, int] = json.loads(os.environ.get("GATEPOST_TEST_HOSTS", "{}"))
# An address of its own for each name: some clients resolve a name first and bring the port later.
_ADDRESSES = {name: f"127.77.0.{number}" for number, name in enumerate(_PORTS, 1)}
# Others resolve the name and then connect to the name (httplib2).
_LED = {**_PORTS, **{_ADDRESSES[name]: port for name, port in _PORTS.items()}}
_resolve = socket.getaddrinfo


def _getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    return _resolve(_ADDRESSES.get(name, host), *arguments, **options)


class _Socket(socket.socket):
    def connect(self, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None
        super().connect(("127.0.0.1", _LED[host]) if host in _LED else address)


socket.getaddrinfo = _getaddrinfo
socket.socket = _Socket  # type: ignore[misc]
