"""Where a webhook may go: which URLs, and which addresses."""

import ipaddress

import pytest

from service.core import destinations
from service.core.destinations import Destination
from service.core.errors import InvalidWebhookUrlError
from tests.workers.outbound import corpus

PUBLIC = [
    # Hosts, and the neighbours of what is no host.
    "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "93.184.215.14", "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.1", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0",
    "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
    "198.20.0.0", "223.255.255.255", "2001:200::1", "2001:4860:4860::8888", "2001:db7::1", "2001:db9::1", "2003::1",
    "2606:4700::1111", "2a00:1450:4001::1", "3ffe::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_host_of_the_public_internet_is_allowed(address: str) -> None:
    assert destinations.is_allowed(address, allow_private=False)


@pytest.mark.parametrize("address", corpus.PRIVATE)
def test_a_private_address_is_for_who_allows_it(address: str) -> None:
    assert not destinations.is_allowed(address, allow_private=False)
    assert destinations.is_allowed(address, allow_private=True)


@pytest.mark.parametrize("address", [*corpus.METADATA, *corpus.NO_HOST, "fe80::1%eth0"])
def test_metadata_and_what_is_no_host_is_for_nobody(address: str) -> None:
    assert not destinations.is_allowed(address, allow_private=True)


def test_no_address_becomes_allowed_by_being_mapped_or_translated() -> None:
    inner = [address for address in corpus.ADDRESSES if ipaddress.ip_address(address).version == 4]
    dressed = [f"{prefix}{address}" for address in inner for prefix in ("::ffff:", "64:ff9b::", "::", "::ffff:0:")]

    assert [address for address in dressed if destinations.is_allowed(address, allow_private=False)] == []


def test_one_address_of_many_refuses_the_host() -> None:
    with pytest.raises(InvalidWebhookUrlError, match=r"blog\.example leads to 10\.0\.0\.1"):
        destinations.judge("blog.example", ["8.8.8.8", "10.0.0.1", "1.1.1.1"], allow_private=False)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://blog.example", Destination("https", "blog.example", 443, "/", "blog.example")),
        ("HTTPS://Blog.Example:443/", Destination("https", "blog.example", 443, "/", "blog.example")),
        ("https://blog.example:8443/a?b#c", Destination("https", "blog.example", 8443, "/a?b", "blog.example:8443")),
        ("https://blog.example:80/?", Destination("https", "blog.example", 80, "/?", "blog.example:80")),
        ("https://blog.example?a=@", Destination("https", "blog.example", 443, "/?a=@", "blog.example")),
        ("https://\u00df.example/\u00fc", Destination("https", "xn--zca.example", 443, "/%C3%BC", "xn--zca.example")),
        ("https://[2606:4700::1]:8443/", Destination("https", "2606:4700::1", 8443, "/", "[2606:4700::1]:8443")),
        ("https://0x08.8.2056/", Destination("https", "8.8.8.8", 443, "/", "8.8.8.8")),
    ],
)  # fmt: skip
def test_a_url_is_read_into_what_is_sent(url: str, expected: Destination) -> None:
    assert destinations.parse(url, allow_private=False) == expected


@pytest.mark.parametrize("url", corpus.READ_TWO_WAYS)
def test_what_is_read_in_two_ways_is_refused_or_leads_nowhere_else(url: str) -> None:
    try:
        found = destinations.parse(url.replace("{port}", "8443"), allow_private=False)
    except InvalidWebhookUrlError:
        return

    # A name that is looked up and judged, not the other half of the URL.
    assert found.host == "(127.0.0.1)"


@pytest.mark.parametrize("spelling", corpus.LOOPBACK_SPELLINGS)
def test_no_spelling_of_loopback_is_taken_for_something_else(spelling: str) -> None:
    try:
        found = destinations.parse(f"https://{spelling}:8443/", allow_private=False)
    except InvalidWebhookUrlError:
        return

    assert found.host.rstrip(".") == "localhost"


@pytest.mark.parametrize("port", [1, 22, 25, 53, 79, 81, 442, 444, 465, 993, 1023])
def test_a_port_of_another_service_is_refused(port: int) -> None:
    with pytest.raises(InvalidWebhookUrlError, match="port"):
        destinations.parse(f"https://blog.example:{port}/", allow_private=True)


@pytest.mark.parametrize("port", [80, 443, 1024, 3000, 8000, 8443, 65535])
def test_a_port_that_blogs_use_is_taken(port: int) -> None:
    assert destinations.parse(f"https://blog.example:{port}/", allow_private=False).port == port


def test_plain_http_is_for_who_allows_private_addresses() -> None:
    assert destinations.parse("http://blog.example/", allow_private=True).port == 80
    with pytest.raises(InvalidWebhookUrlError):
        destinations.parse("http://blog.example/", allow_private=False)
