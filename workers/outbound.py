"""The one client that speaks HTTP to the outside: judged addresses, no redirects, a deadline, a cap on what is read."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace, TracebackType
from typing import Self

import aiohttp
from yarl import URL

from service.core import destinations
from service.core.destinations import Destination
from service.core.errors import InvalidWebhookUrlError

_READ_LIMIT = 4000
# Shorter than web servers keep one (two seconds and more): who hangs up first loses a post.
_KEEP = timedelta(seconds=1)

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, for a port."""


class OutboundError(Exception):
    """No answer came; the text says why."""


class SilentError(OutboundError):
    """The receiver was there, but did not answer in time."""


@dataclass(frozen=True)
class Answer:
    status: int
    text: str  # the beginning of the body
    retry_after: str | None


@dataclass(frozen=True)
class _Post:
    to: Destination
    body: bytes
    headers: Mapping[str, str]
    timeout: aiohttp.ClientTimeout


async def system_lookup(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Client:
    """Posts, and keeps connections for the next post while it is open. It belongs to one event loop.

    `tls` is what certificates are checked against, by default the system's authorities.
    """

    def __init__(
        self, *, allow_private: bool, lookup: Lookup = system_lookup, tls: ssl.SSLContext | None = None
    ) -> None:
        self._allow_private = allow_private
        self._lookup = lookup
        self._tls = tls

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                keepalive_timeout=_KEEP.total_seconds(),
                ssl=self._tls or True,
                socket_factory=_narrow_socket,
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_told_when_kept()],
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, within: timedelta) -> Answer:
        """Post `body` once. Raises OutboundError when no answer comes `within` the time, or the URL is not allowed."""
        try:
            # A client's own timeouts are per read: a receiver that drips bytes would hold it for ever.
            async with asyncio.timeout(within.total_seconds()):
                return await self._post(url, body, headers, within)
        except aiohttp.ConnectionTimeoutError:
            raise SilentError("no connection in time") from None
        except TimeoutError:
            raise SilentError(f"no complete answer within {within.total_seconds():g} seconds") from None
        except InvalidWebhookUrlError as error:
            raise OutboundError(str(error)) from None
        # A ValueError is a header that cannot be sent, or a name that cannot be asked for.
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise OutboundError(_reason(error)[:500]) from error

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str], within: timedelta) -> Answer:
        to = destinations.parse(url, allow_private=self._allow_private)
        *others, last = await self._judged_addresses(to)
        # Less than the deadline, so that the next address gets its turn.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=within.total_seconds() / 3)
        post = _Post(to, body, {**headers, "host": to.authority, "accept-encoding": "identity"}, timeout)
        for address in others:
            # `localhost` is often ::1 first, with nobody there.
            with contextlib.suppress(aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                return await self._post_to(address, post)
        return await self._post_to(last, post)

    async def _judged_addresses(self, to: Destination) -> Sequence[str]:
        """Looked up for each post: an address that was right a minute ago may be another's now."""
        addresses = [to.host] if destinations.is_address(to.host) else await self._lookup(to.host, to.port)
        if not addresses:
            raise OutboundError(f"{to.host} has no address")
        destinations.judge(to.host, addresses, allow_private=self._allow_private)
        return addresses

    async def _post_to(self, address: str, post: _Post) -> Answer:
        while True:
            connection = SimpleNamespace(kept=False)
            try:
                return await self._post_once(address, post, connection)
            except aiohttp.ClientConnectionError:
                # Many close without having said so; what was posted meanwhile is posted again, with the same id.
                if not connection.kept:
                    raise

    async def _post_once(self, address: str, post: _Post, connection: SimpleNamespace) -> Answer:
        async with self._session.post(
            _pinned(address, post.to),
            data=post.body,
            headers=post.headers,
            timeout=post.timeout,
            allow_redirects=False,
            # Part of what a connection is kept under: another name at this address shows its own certificate.
            server_hostname=post.to.host,
            trace_request_ctx=connection,
        ) as response:
            return Answer(response.status, await _beginning(response.content), response.headers.get("retry-after"))


def _narrow_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """A flood (of `100 Continue`, say) comes in small pieces, between which the other posts of the loop go on."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * _READ_LIMIT)
    return made


def _pinned(address: str, to: Destination) -> URL:
    """Connecting to the judged address itself: a second lookup could give another one (DNS rebinding)."""
    host = f"[{address}]" if ":" in address else address
    return URL(f"{to.scheme}://{host}:{to.port}{to.target}", encoded=True)


async def _beginning(content: aiohttp.StreamReader) -> str:
    read = b""
    while len(read) < _READ_LIMIT and (chunk := await content.read(_READ_LIMIT - len(read))):
        read += chunk
    # NUL: PostgreSQL could not store it. What replaces a byte takes three.
    text = read.decode(errors="replace").replace("\0", "�")
    return text.encode()[:_READ_LIMIT].decode(errors="ignore")


def _reason(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientResponseError):
        # Its own text says `400`, as if the receiver had.
        return f"The answer is no HTTP: {error.message}"
    return f"{type(error).__name__}: {error}"


def _told_when_kept() -> aiohttp.TraceConfig:
    """Tells a post's `trace_request_ctx` when it goes over a connection that was used before."""

    async def tell(_: object, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.kept = True

    told = aiohttp.TraceConfig()
    told.on_connection_reuseconn.append(tell)
    return told
