"""A port on loopback that nobody listens on."""

import socket


def find_free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
