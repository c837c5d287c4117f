"""The one place that speaks HTTP to the outside: judged addresses, no redirects, a deadline, a cap on what is read."""

import asyncio
import contextlib
import functools
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx2

_READ_LIMIT = 4000
# All of IPv6 that is given out for hosts; multicast, NAT64, IPv4 in other clothes and what is to come lie outside.
_UNICAST = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC = [
    # `is_global` calls these public; each reaches an inner host through a translation, or no host at all.
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's services for the virtual machine itself
        "192.0.0.0/24",
        "192.88.99.0/24",
        "224.0.0.0/4",
        "2001::/32",
        "2002::/16",
        "3fff::/20",
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
            return await _post(httpx2.URL(url), body, headers, within, allow_private=allow_private)
    except TimeoutError:
        raise SilentError(f"no complete answer within {within.total_seconds():.0f} seconds") from None
    except httpx2.ConnectTimeout:
        raise SilentError("no connection in time") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
        raise OutboundError(f"{type(error).__name__}: {error}"[:500]) from error


async def _post(
    url: httpx2.URL, body: bytes, headers: Mapping[str, str], within: timedelta, *, allow_private: bool
) -> Answer:
    port = url.port or (443 if url.scheme == "https" else 80)
    *others, last = await _resolve(url.host, port, allow_private=allow_private)
    # Less than the deadline, which would cut a stalled TLS handshake off without closing its socket.
    timeouts = httpx2.Timeout(None, connect=within.total_seconds() / 3)
    for address in others:
        # `localhost` is often ::1 first, with nobody there.
        with contextlib.suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
            return await _post_to(address, url, body, headers, timeouts)
    return await _post_to(last, url, body, headers, timeouts)


async def _post_to(
    address: str, url: httpx2.URL, body: bytes, headers: Mapping[str, str], timeouts: httpx2.Timeout
) -> Answer:
    # Connecting to the judged address itself: a second lookup could give another one (DNS rebinding).
    pinned = url.copy_with(host=address)
    named = {**headers, "host": url.netloc.decode("ascii"), "accept-encoding": "identity"}
    async with (
        httpx2.AsyncClient(verify=_tls(), trust_env=False, follow_redirects=False, timeout=timeouts) as client,
        client.stream("POST", pinned, content=body, headers=named, extensions={"sni_hostname": url.host}) as response,
    ):
        return Answer(response.status_code, await _beginning(response), response.headers.get("retry-after"))


@functools.cache
def _tls() -> ssl.SSLContext:
    # Reading the certificates takes 80 ms; a post on loopback takes two.
    return httpx2.create_ssl_context()


async def _beginning(response: httpx2.Response) -> str:
    read = b""
    async for chunk in response.aiter_raw():
        read += chunk
        if len(read) >= _READ_LIMIT:
            break
    # NUL: PostgreSQL could not store it.
    return read[:_READ_LIMIT].decode(errors="replace").replace("\0", "�")


async def _resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses of the host. Raises OutboundError when any of its addresses is not allowed."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not allow_private and not is_public(address):
            raise OutboundError(f"{host} leads to {address}, which is not on the public internet")
    return addresses


def is_public(address: str) -> bool:
    """Whether the address is a host of the public internet (IANA special-purpose registries, RFC 6890)."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if isinstance(ip, ipaddress.IPv6Address) and ip not in _UNICAST:
        return False
    return ip.is_global and not any(ip in network for network in _NOT_PUBLIC if network.version == ip.version)
