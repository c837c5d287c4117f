"""Connections are kept for the next post to the same host, and for nobody else; certificates are those of the name."""

import asyncio
import ssl
from collections.abc import Iterator
from datetime import timedelta

import pytest
import trustme

from tests.servers import hostile, loopback
from tests.servers.hostile import Peer
from tests.servers.names import NameServer
from tests.servers.receiver import Answer, Receiver
from workers import outbound

SOON = timedelta(seconds=10)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certified(authority: trustme.CA) -> Iterator[Receiver]:
    """A receiver that is `blog.example` to all who ask, whatever name they ask for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("blog.example").configure_cert(context)
    receiver = Receiver()
    receiver.start(tls=context)
    yield receiver
    receiver.stop()


def test_the_next_post_to_a_host_goes_over_the_same_connection(receiver: Receiver) -> None:
    _post_all([receiver.url] * 5)

    assert len(receiver.requests) == 5
    assert len(loopback.attempts) == 1


def test_a_closed_client_keeps_no_connection(receiver: Receiver) -> None:
    _post_all([receiver.url])
    _post_all([receiver.url])

    assert len(loopback.attempts) == 2


def test_posts_at_the_same_time_share_no_connection(receiver: Receiver) -> None:
    receiver.otherwise = Answer(delay=timedelta(seconds=0.2))

    async def post_together() -> None:
        async with outbound.Client(allow_private=True) as client:
            await asyncio.gather(*(client.post(receiver.url, b"", {}, within=SOON) for _ in range(4)))

    asyncio.run(post_together())

    assert len(loopback.attempts) == len(receiver.requests) == 4


def test_two_names_at_one_address_share_no_connection(names: NameServer, receiver: Receiver) -> None:
    names.say("one.example", ("127.0.0.1",))
    names.say("other.example", ("127.0.0.1",))

    _post_all([f"http://{name}.example:{receiver.port}/" for name in ("one", "other", "one", "other")], names)

    assert len(loopback.attempts) == 2
    assert [request.headers["host"].split(".")[0] for request in receiver.requests] == ["one", "other"] * 2


def test_a_kept_connection_is_not_used_once_the_name_leads_elsewhere(names: NameServer, receiver: Receiver) -> None:
    names.say("blog.example", ("127.0.0.1",), ("169.254.169.254",))
    url = f"http://blog.example:{receiver.port}/"

    assert [type(end) for end in _post_all([url, url], names)] == [outbound.Answer, outbound.OutboundError]
    assert len(receiver.requests) == 1


def test_who_hangs_up_on_a_kept_connection_is_posted_to_again_on_a_fresh_one() -> None:
    heard: list[bytes] = []

    def answer_once_a_connection(peer: Peer) -> None:
        heard.append(peer.connection.recv(65536))
        peer.say(OK)
        heard.append(peer.connection.recv(65536))
        peer.connection.close()

    with hostile.serving(answer_once_a_connection) as port:
        ends = _post_all([f"http://127.0.0.1:{port}/"] * 3)

    assert ends == [outbound.Answer(200, "ok", None)] * 3
    assert len(loopback.attempts) == 3


def test_who_hangs_up_on_a_fresh_connection_is_not_posted_to_again(receiver: Receiver) -> None:
    receiver.otherwise = Answer(reset=True)

    [end] = _post_all([receiver.url])

    assert isinstance(end, outbound.OutboundError)
    assert len(receiver.requests) == 1


def test_what_is_said_unasked_is_not_taken_for_the_next_answer() -> None:
    answers = iter([OK + b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", OK])

    def say_too_much(peer: Peer) -> None:
        peer.hear()
        peer.say(next(answers))

    with hostile.serving(say_too_much) as port:
        assert _post_all([f"http://127.0.0.1:{port}/"] * 2) == [outbound.Answer(200, "ok", None)] * 2


def test_an_answer_that_was_cut_leaves_no_connection_behind(receiver: Receiver) -> None:
    receiver.otherwise = Answer(body=b"x" * 10_000_000)

    _post_all([receiver.url] * 2)

    assert len(loopback.attempts) == 2


def test_a_certificate_of_the_name_is_taken_at_the_judged_address(
    names: NameServer, certified: Receiver, authority: trustme.CA
) -> None:
    names.say("blog.example", ("127.0.0.1",))

    [end, again] = _post_all([f"https://blog.example:{certified.port}/"] * 2, names, _trusting(authority))

    assert end == again == outbound.Answer(200, "", None)
    assert len(loopback.attempts) == 1


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused_also_beside_a_kept_connection(
    names: NameServer, certified: Receiver, authority: trustme.CA, name: str
) -> None:
    names.say("blog.example", ("127.0.0.1",))
    names.say("other.example", ("127.0.0.1",))
    urls = [f"https://{host}:{certified.port}/" for host in ("blog.example", name)]

    [_, end] = _post_all(urls, names, _trusting(authority))

    assert "certificate" in str(end).lower()
    assert len(certified.requests) == 1


def test_a_certificate_of_an_unknown_authority_is_refused(names: NameServer, certified: Receiver) -> None:
    names.say("blog.example", ("127.0.0.1",))

    [end] = _post_all([f"https://blog.example:{certified.port}/"], names)

    assert "certificate verify failed" in str(end)
    assert certified.requests == []


def _trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _post_all(
    urls: list[str], names: NameServer | None = None, tls: ssl.SSLContext | None = None
) -> list[outbound.Answer | outbound.OutboundError]:
    """Post to one after another with one client; how each ended."""
    ends: list[outbound.Answer | outbound.OutboundError] = []

    async def post_all() -> None:
        lookup = names.lookup if names else outbound.system_lookup
        async with outbound.Client(allow_private=True, lookup=lookup, tls=tls) as client:
            for url in urls:
                try:
                    ends.append(await client.post(url, b"{}", {}, within=SOON))
                except outbound.OutboundError as error:
                    ends.append(error)

    asyncio.run(post_all())
    return ends
