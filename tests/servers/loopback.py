"""Keeps the test process on this machine: connecting to any other is refused, and told."""

import ipaddress
import socket
import sys
import threading
from typing import Any

refused: list[object] = []
"""The addresses elsewhere that something has tried to reach."""
attempts: list[object] = []
"""The addresses of all TCP connections that the test itself began, in the main thread, also to this machine."""


class OutsideError(RuntimeError):
    """A test tried to leave the machine. No OSError: the code under test must not take it for a dead peer."""


def guard() -> None:
    """Watch this process from now on; an audit hook cannot be taken back (PEP 578)."""
    sys.addaudithook(_refuse_outside)


def _refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in {"socket.connect", "socket.sendto"}:
        return
    connection, address = arguments
    if connection.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    # Another thread may serve another test's end: a client that looks for its lost server once more.
    if connection.type == socket.SOCK_STREAM and threading.current_thread() is threading.main_thread():
        attempts.append(address)
    if not _is_loopback(address[0]):
        refused.append(address)
        raise OutsideError(f"the tests stay on loopback; {address} was asked for")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
