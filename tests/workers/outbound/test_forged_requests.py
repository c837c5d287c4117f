"""Server-side request forgery: no URL, name or name server brings the client to an inner address (OWASP API7)."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import aiohttp
import pytest

from service.core import destinations
from tests.servers import loopback, trap
from tests.servers.names import SILENCE, NameServer
from tests.servers.receiver import Answer, Receiver
from tests.servers.trap import Trap
from tests.servers.waiting import eventually
from tests.workers.outbound import corpus
from workers import outbound

SOON = timedelta(seconds=10)
# Every address of 127.0.0.0/8 is this machine's own, so one can stand for the public internet.
PUBLIC, INNER = "127.0.0.2", "127.0.0.1"


def test_the_corpus_makes_no_connection(names: NameServer, listening_trap: Trap) -> None:
    _say_all(names)
    urls = corpus.urls(listening_trap.port)

    answered = asyncio.run(_post_all(urls, names, allow_private=False))

    assert answered == []
    assert listening_trap.connections == []
    assert loopback.attempts == []
    assert len(set(urls)) >= 200


def test_the_trap_hears_what_the_corpus_would_reach_unjudged(
    names: NameServer, listening_trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    _say_all(names)
    monkeypatch.setattr(destinations, "is_allowed", lambda *_, **__: True)
    urls = [
        f"https://{host}:{listening_trap.port}/" for host in ("127.1", "[::1]", "loopback.example", "alias.example")
    ]

    asyncio.run(_post_all(urls, names, allow_private=False))

    eventually(lambda: len(listening_trap.connections) == len(urls))


@pytest.mark.parametrize("address", [*corpus.METADATA, *corpus.NO_HOST])
def test_metadata_and_what_is_no_host_is_refused_even_where_private_addresses_are_not(
    names: NameServer, address: str
) -> None:
    names.say("blog.example", (address,))
    host = f"[{address}]" if ":" in address else address

    assert asyncio.run(_post_all([f"http://{host}/", "http://blog.example/"], names, allow_private=True)) == []
    assert loopback.attempts == []


def test_a_name_server_that_changes_its_answer_gets_no_second_look(
    names: NameServer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_one_be_public(monkeypatch)
    names.say("rebinding.example", (PUBLIC,), (INNER,))
    with trap.listening(receiver.port, PUBLIC) as public:
        answered = asyncio.run(_post_all([f"https://rebinding.example:{receiver.port}/"], names, allow_private=False))

        eventually(lambda: public.connections)

    # The public host hears it, as it may, and closes; nobody else does.
    assert answered == []
    assert receiver.requests == []
    assert loopback.attempts == [(PUBLIC, receiver.port)]
    assert sorted(names.asked) == [("rebinding.example", "A"), ("rebinding.example", "AAAA")]


def test_every_attempt_judges_anew(names: NameServer, listening_trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    _let_one_be_public(monkeypatch)
    names.say("rebinding.example", (PUBLIC,), (INNER,), (PUBLIC, INNER))
    url = f"https://rebinding.example:{listening_trap.port}/"

    asyncio.run(_post_all([url] * 3, names, allow_private=False))

    assert loopback.attempts == [(PUBLIC, listening_trap.port)]


def test_the_rebinding_server_deceives_a_client_that_looks_twice(
    names: NameServer, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_one_be_public(monkeypatch)
    names.say("rebinding.example", (PUBLIC,), (INNER,))

    async def check_and_then_fetch() -> int:
        judged = await names.lookup("rebinding.example", receiver.port)
        destinations.judge("rebinding.example", judged, allow_private=False)
        [address] = await names.lookup("rebinding.example", receiver.port)
        async with aiohttp.ClientSession() as session, session.post(f"http://{address}:{receiver.port}/") as response:
            return response.status

    assert asyncio.run(check_and_then_fetch()) == 200
    assert len(receiver.requests) == 1


def test_a_name_server_that_is_silent_costs_no_more_than_the_deadline(names: NameServer) -> None:
    names.say("blog.example", SILENCE)

    with pytest.raises(outbound.SilentError):
        asyncio.run(_post("https://blog.example/", names, allow_private=False, within=timedelta(seconds=0.3)))


def test_a_name_without_an_address_is_an_outbound_error_that_says_so(names: NameServer) -> None:
    with pytest.raises(outbound.OutboundError, match=r"nowhere\.example has no address"):
        asyncio.run(_post("https://nowhere.example/", names, allow_private=False))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(
    names: NameServer, receiver: Receiver, listening_trap: Trap, status: int
) -> None:
    receiver.script(Answer(status, {"location": f"http://127.0.0.1:{listening_trap.port}/"}))

    answer = asyncio.run(_post(receiver.url, names, allow_private=True))

    assert answer.status == status
    assert listening_trap.connections == []


def test_other_ways_to_send_elsewhere_are_not_followed(
    names: NameServer, receiver: Receiver, listening_trap: Trap
) -> None:
    elsewhere = f"http://127.0.0.1:{listening_trap.port}/"
    ways = {"location": elsewhere, "refresh": f"0; url={elsewhere}", "content-location": elsewhere}
    receiver.script(Answer(200, {**ways, "alt-svc": f'h2="127.0.0.1:{listening_trap.port}"', "link": f"<{elsewhere}>"}))

    asyncio.run(_post(receiver.url, names, allow_private=True))
    asyncio.run(_post(receiver.url, names, allow_private=True))

    assert listening_trap.connections == []


def test_proxies_of_the_environment_are_ignored(
    names: NameServer, receiver: Receiver, listening_trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{listening_trap.port}")
    monkeypatch.delenv("NO_PROXY", raising=False)

    assert asyncio.run(_post(receiver.url, names, allow_private=True)).status == 200
    assert listening_trap.connections == []


def _say_all(names: NameServer) -> None:
    for name, answers in corpus.NAMES.items():
        names.say(name.rstrip(".").encode("idna").decode(), *answers)
    names.say("localhost", ("127.0.0.1", "::1"))


def _let_one_be_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(destinations, "is_allowed", lambda address, **_: address == PUBLIC)


async def _post_all(urls: Iterable[str], names: NameServer, *, allow_private: bool) -> list[str]:
    """Those of the URLs that gave an answer."""
    answered = []
    async with outbound.Client(allow_private=allow_private, lookup=names.lookup) as client:
        for url in urls:
            try:
                await client.post(url, b"{}", {}, within=SOON)
            except outbound.OutboundError:
                continue
            answered.append(url)
    return answered


async def _post(url: str, names: NameServer, *, allow_private: bool, within: timedelta = SOON) -> outbound.Answer:
    async with outbound.Client(allow_private=allow_private, lookup=names.lookup) as client:
        return await client.post(url, b"{}", {}, within=within)
