"""Where a webhook may go: the form of its URL, and the addresses that its host leads to."""

import functools
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic_core import Url

from service.core.errors import InvalidWebhookUrlError

# No user, no backslash, nothing left out: what programs read differently is refused, not guessed at.
_PLAIN = re.compile(r"https?://[^/?#@\\ ]+([/?#][^\\ ]*)?", re.IGNORECASE)
_FIRST_FREE_PORT = 1024

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# All of IPv6 that is given out for hosts; multicast, link-local, IPv4 in other clothes and what is to come lie outside.
_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PRIVATE = _networks(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"
)
_NEVER = _networks(
    # IANA's special-purpose registries (RFC 6890), and what they leave out.
    "0.0.0.0/8",
    "169.254.0.0/16",  # link-local; what most clouds tell their machines, keys among it
    "192.0.0.0/24",  # Oracle's metadata too
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",  # multicast and reserved
    "2001::/23",  # Teredo, benchmarking, ORCHID
    "2001:db8::/32",
    "2002::/16",  # 6to4
    "3fff::/20",
    # Metadata of clouds at other addresses, some of them amid private ones.
    "100.100.100.200/32",  # Alibaba
    "168.63.129.16/32",  # Azure
    "fd00:42::/32",  # Scaleway
    "fd00:c1::/32",  # Oracle
    "fd00:ec2::/32",  # Amazon
    "fd20:ce::/32",  # Google
)


@dataclass(frozen=True)
class Destination:
    """A URL in parts, as they are sent: nothing after this reads the URL again."""

    scheme: str
    host: str
    """A name in ASCII (IDNA), or an address without brackets."""
    port: int
    target: str
    """Path and query."""
    authority: str
    """The `Host` header: the port only where it is not the scheme's own."""


def parse(url: str, *, allow_private: bool) -> Destination:
    """Read a URL as browsers do (WHATWG URL). Raises InvalidWebhookUrlError when nothing may be sent to it.

    `http` and private addresses are for operators who allow them. A host's addresses are judged when it is looked up.
    """
    if not (url.isprintable() and _PLAIN.fullmatch(url)):
        raise InvalidWebhookUrlError
    try:
        parts = Url(url)
    except ValueError:
        raise InvalidWebhookUrlError from None
    host, port = (parts.host or "").strip("[]"), parts.port or 0
    if parts.scheme != "https" and not allow_private:
        raise InvalidWebhookUrlError
    # Mail, names, shells and directories live below: none of them wants to hear from us.
    if port not in {80, 443} and port < _FIRST_FREE_PORT:
        raise InvalidWebhookUrlError(f"A webhook goes to port 443, 80 or one from {_FIRST_FREE_PORT} on.")
    if is_address(host):
        judge(host, [host], allow_private=allow_private)
    authority = f"{parts.host}:{port}" if port != _default_port(parts.scheme) else parts.host or ""
    query = f"?{parts.query}" if parts.query is not None else ""
    return Destination(parts.scheme, host, port, f"{parts.path or '/'}{query}", authority)


def judge(host: str, addresses: Iterable[str], *, allow_private: bool) -> None:
    """Raise InvalidWebhookUrlError unless each of the host's addresses is allowed: nobody says which will be used."""
    for address in addresses:
        if not is_allowed(address, allow_private=allow_private):
            raise InvalidWebhookUrlError(f"{host} leads to {address}, which is not on the public internet.")


@functools.lru_cache(maxsize=1024)  # the same few receivers get every webhook
def is_allowed(address: str, *, allow_private: bool) -> bool:
    """Whether the address is a host of the public internet or, with `allow_private`, of this machine or network."""
    ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    if _lies_in(_NEVER, ip):
        return False
    if _lies_in(_PRIVATE, ip):
        return allow_private
    return ip.version == 4 or ip in _UNICAST  # noqa: PLR2004 - the Internet Protocol's version


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _unwrapped(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that a mapped (RFC 4291) or translated (NAT64, RFC 6052) one ends at, or the address itself."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return ip.ipv4_mapped
        if ip in _NAT64:
            # Where there is IPv6 only, every receiver on IPv4 has such an address (DNS64).
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _lies_in(networks: Iterable[Network], ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(ip in network for network in networks)


def _default_port(scheme: str) -> int:
    return 443 if scheme == "https" else 80
