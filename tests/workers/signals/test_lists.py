"""The lists that ship with Gatepost."""

from collections.abc import Callable

import pytest

from service.core import text
from workers.signals import lists

DOMAINS = [lists.spam_domains, lists.shorteners, lists.disposable_domains]


@pytest.mark.parametrize("host", ["bit.ly", "a.bit.ly", "a.b.bit.ly"])
def test_a_listed_domain_holds_everything_below_it(host: str) -> None:
    assert lists.holds(frozenset({"bit.ly"}), host)


@pytest.mark.parametrize("host", ["", ".", "ly", "orbit.ly", "bit.ly.example", "bit-ly"])
def test_another_domain_is_not_held(host: str) -> None:
    assert not lists.holds(frozenset({"bit.ly"}), host)


@pytest.mark.parametrize("domains", DOMAINS)
def test_a_list_of_domains_holds_hosts_as_links_spell_them(domains: Callable[[], frozenset[str]]) -> None:
    assert domains()
    assert [name for name in domains() if name != name.strip().casefold() or "/" in name or "." not in name] == []


@pytest.mark.parametrize("name", ["spam_phrases.txt", "blocklist.txt", "praise.txt"])
def test_the_phrases_are_spelt_as_texts_are_normalised(name: str) -> None:
    phrases = lists.read(name)

    assert phrases
    assert [phrase for phrase in phrases if phrase != text.normalise(phrase)] == []
