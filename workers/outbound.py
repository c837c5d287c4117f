"""The one place that speaks HTTP to the outside: judged addresses, no redirects, a deadline, a cap on what is read."""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx2

_READ_LIMIT = 4000
_NOT_PUBLIC = [
    # `is_global` calls these public; each reaches an inner host through a translation, or no host at all.
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/4",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
        "ff00::/8",
    )
]


class OutboundError(Exception):
    """No answer came; the text says why."""


class SilentError(OutboundError):
    """The receiver was there, but did not answer in time."""


@dataclass(frozen=True)
class Answer:
    status: int
    text: str  # the beginning of the body
    retry_after: str | None


async def post(url: str, body: bytes, headers: Mapping[str, str], *, within: timedelta, allow_private: bool) -> Answer:
    """Post `body` once. Raises OutboundError when no answer comes `within` the time, or the address is not allowed."""
    try:
        # A client's own timeout is per read: a receiver that drips bytes would hold it for ever.
        async with asyncio.timeout(within.total_seconds()):
            return await _post(httpx2.URL(url), body, headers, allow_private=allow_private)
    except TimeoutError:
        raise SilentError(f"no complete answer within {within.total_seconds():.0f} seconds") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
        raise OutboundError(f"{type(error).__name__}: {error}"[:500]) from error


async def _post(url: httpx2.URL, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Answer:
    port = url.port or {"https": 443, "http": 80}[url.scheme]
    address = await _resolve(url.host, port, allow_private=allow_private)
    # Connecting to the judged address itself: a second lookup could give another one (DNS rebinding).
    pinned = url.copy_with(host=address)
    named = {**headers, "host": url.netloc.decode("ascii"), "accept-encoding": "identity"}
    async with (
        httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=None) as client,
        client.stream("POST", pinned, content=body, headers=named, extensions={"sni_hostname": url.host}) as response,
    ):
        return Answer(response.status_code, await _beginning(response), response.headers.get("retry-after"))


async def _beginning(response: httpx2.Response) -> str:
    read = b""
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= _READ_LIMIT:
            break
    # NUL: PostgreSQL could not store it.
    return read[:_READ_LIMIT].decode(errors="replace").replace("\0", "�")


async def _resolve(host: str, port: int, *, allow_private: bool) -> str:
    """The first address of the host. Raises OutboundError when any of its addresses is not allowed."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not allow_private and not is_public(address):
            raise OutboundError(f"{host} leads to {address}, which is not on the public internet")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether the address is a host of the public internet (IANA special-purpose registries, RFC 6890)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ip.is_global and not any(ip in network for network in _NOT_PUBLIC if network.version == ip.version)
