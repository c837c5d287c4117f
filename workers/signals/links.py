"""Links: how many, how dense, how they are written, and where they lead."""

import ipaddress
import math
import re

from workers.signals import addresses, lists
from workers.signals.signal import Finding, Sighting

_A_SENTENCE = 8  # words
_FORUM_LINK = re.compile(r"\[(?:url|link)[=\]]", re.IGNORECASE)
# Not a link whose text is its address, with or without the scheme: comment forms write such links by themselves.
_KEYWORD_LINK = re.compile(
    r"<a\s[^<>]{0,2000}>\s{0,9}+"
    r"(?!https?://|www\.|[\w.-]{1,60}\.[a-z]{2,9}(?:/[^\s<>]{0,60})?\s{0,9}</a)[^<>]{1,60}</a",
    re.IGNORECASE,
)
# An address that carries another as a parameter: somebody else's open redirect. Archives carry theirs in the path.
_REDIRECT = re.compile(r"[?&;][a-z_]{0,20}=(?:https?(?::|%3a)|www\.)", re.IGNORECASE)
_MOST_LINKS = 15


def many(sighting: Sighting) -> Finding | None:
    links = addresses.count(sighting.content.text)
    if links == 0:
        return None
    reason = "A link in the text." if links == 1 else f"{links} links in the text."
    return Finding("links", reason, math.log2(1 + min(links, _MOST_LINKS)))


def mostly_links(sighting: Sighting) -> Finding | None:
    """A comment that says nothing beside its link."""
    if not sighting.hosts or sighting.words_beside_links >= _A_SENTENCE:
        return None
    return Finding("mostly_links", "Little text beside the link.")


def keyword_links(sighting: Sighting) -> Finding | None:
    """Words that are links: how an advertiser tells search engines what the target is about."""
    if found := len(_KEYWORD_LINK.findall(sighting.content.text)):
        return Finding("keyword_links", "Words of the text are links.", math.log2(1 + min(found, _MOST_LINKS)))
    return None


def forum_markup(sighting: Sighting) -> Finding | None:
    """Forum code in a blog comment: written by a program that tries every syntax."""
    if _FORUM_LINK.search(sighting.content.text):
        return Finding("forum_markup", "Forum markup ([url]) in a blog comment.")
    return None


def listed(sighting: Sighting) -> Finding | None:
    if found := _listed(sighting.linked_hosts, lists.spam_domains()):
        return Finding("spam_domain", f"Links to a known spam domain ({found}).")
    return None


def shortened(sighting: Sighting) -> Finding | None:
    if found := _listed(sighting.hosts, lists.shorteners()):
        return Finding("shortener", f"A shortened link hides its target ({found}).")
    return None


def trade_address(sighting: Sighting) -> Finding | None:
    """An address whose name is what it sells."""
    found = sorted({host for host in sighting.linked_hosts if _sells(host)})
    return Finding("trade_address", f"An address that advertises ({found[0]}).") if found else None


def odd_address(sighting: Sighting) -> Finding | None:
    """A host that is a number, or spelt in look-alike letters."""
    found = sorted({host for host in sighting.linked_hosts if "xn--" in host or _is_number(host)})
    return Finding("odd_address", f"An address that hides who it is ({found[0]}).") if found else None


def redirect(sighting: Sighting) -> Finding | None:
    if any(_REDIRECT.search(url) for url in addresses.urls(sighting.content.text)):
        return Finding("redirect", "A link that leads on to another address.")
    return None


def _listed(hosts: list[str], domains: frozenset[str]) -> str | None:
    return min((host for host in hosts if lists.holds(domains, host)), default=None)


def _sells(host: str) -> bool:
    return lists.trade_pattern().search(host[: lists.LONGEST_NAME]) is not None


def _is_number(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return False
