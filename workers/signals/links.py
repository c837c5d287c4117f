"""Links: how many, how dense, and where they lead."""

import re
from urllib.parse import urlsplit

from service.core import markup
from service.core.policy import Signal
from workers.signals import lists
from workers.signals.signal import Sighting

# A tag ends where another begins: on a row of open tags the search would be quadratic.
_MARKED_UP = re.compile(r"<a\s[^<>]{0,2000}?href\s{0,9}=|\[url\b", re.IGNORECASE)
# With its own text, if that is short: it often is the address once more.
_ANCHOR = re.compile(
    r"<a\s[^<>]{0,2000}>(?:[^<>]{0,2000}</a\s{0,9}>)?|\[url[^\[\]]{0,2000}\](?:[^\[\]]{0,2000}\[/url\])?",
    re.IGNORECASE,
)
_A_SENTENCE = 8  # words
_URL = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'\])]+", re.IGNORECASE)


def urls(text: str) -> list[str]:
    return _URL.findall(text)


def count(text: str) -> int:
    """Links as a reader counts them: the address in a link's tag, or as its text, is not a second link."""
    return len(_MARKED_UP.findall(text)) + len(_URL.findall(_ANCHOR.sub(" ", text)))


def without(text: str) -> str:
    """The words beside the links."""
    return _URL.sub(" ", _ANCHOR.sub(" ", text))


def hosts(text: str) -> list[str]:
    """The host of each URL, lower case, without `www.`."""
    return [host for url in urls(text) if (host := host_of(url))]


def host_of(url: str) -> str | None:
    try:
        host = urlsplit(url if "://" in url else f"http://{url}").hostname
    except ValueError:
        return None
    # The dot at the end is the root of all names: `bit.ly.` leads where `bit.ly` does.
    return host.rstrip(".").removeprefix("www.") if host else None


def many(sighting: Sighting) -> Signal | None:
    links = count(sighting.content.text)
    if links == 0:
        return None
    reason = "A link in the text." if links == 1 else f"{links} links in the text."
    return Signal(name="links", weight=min(0.8 * links, 4.0), reason=reason)


def mostly_links(sighting: Sighting) -> Signal | None:
    """A comment that says nothing beside its link."""
    text = sighting.content.text
    if not urls(text):
        return None
    words = len(markup.plain(without(text)).split())
    return (
        Signal(name="mostly_links", weight=2.5, reason="Little text beside the link.") if words < _A_SENTENCE else None
    )


def forum_markup(sighting: Sighting) -> Signal | None:
    """Forum code in a blog comment: written by a program that tries every syntax."""
    if re.search(r"\[(?:url|link)[=\]]", sighting.content.text, re.IGNORECASE):
        return Signal(name="forum_markup", weight=3.0, reason="Forum markup ([url]) in a blog comment.")
    return None


def listed(sighting: Sighting) -> Signal | None:
    addresses = [*hosts(sighting.content.text), host_of(sighting.content.author_url or "")]
    found = sorted({host for host in addresses if host and lists.holds(lists.spam_domains(), host)})
    return (
        Signal(name="spam_domain", weight=4.0, reason=f"Links to a known spam domain ({found[0]}).") if found else None
    )


def shortened(sighting: Sighting) -> Signal | None:
    found = sorted({host for host in hosts(sighting.content.text) if lists.holds(lists.shorteners(), host)})
    return (
        Signal(name="shortener", weight=1.0, reason=f"A shortened link hides its target ({found[0]}).")
        if found
        else None
    )
