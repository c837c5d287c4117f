"""Web addresses in a comment's text, plain or in markup: found, counted, taken out, spelt out."""

import re
from urllib.parse import urlsplit

from service.core import markup

# A tag ends where another begins: on a row of open tags the search would be quadratic.
_MARKED_UP = re.compile(r"<a\s[^<>]{0,2000}?href\s{0,9}=|\[url\b", re.IGNORECASE)
# With its own text, if that is short: it often is the address once more.
_ANCHOR = re.compile(
    r"<a\s[^<>]{0,2000}>(?:[^<>]{0,2000}</a\s{0,9}>)?|\[url[^\[\]]{0,2000}\](?:[^\[\]]{0,2000}\[/url\])?",
    re.IGNORECASE,
)
_URL = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'\])]+", re.IGNORECASE)
_MARKS = ("://", "www.", "<a", "[url")
_LONGEST_SPELT_OUT = 150  # characters


def are_in(text: str) -> bool:
    """Whether a link may be in the text. Most texts have none, and this costs a hundredth of looking for one."""
    lower = text.lower()
    return any(mark in lower for mark in _MARKS)


def urls(text: str) -> list[str]:
    return _URL.findall(text.replace("&amp;", "&")) if are_in(text) else []


def places(text: str) -> list[tuple[int, int]]:
    """Where each URL of the text begins and ends."""
    return [url.span() for url in _URL.finditer(text)]


def count(text: str) -> int:
    """Links as a reader counts them: the address in a link's tag, or as its text, is not a second link."""
    if not are_in(text):
        return 0
    return len(_MARKED_UP.findall(text)) + len(_URL.findall(_ANCHOR.sub(" ", text)))


def without(text: str) -> str:
    """The words beside the links."""
    if not are_in(text):
        return text
    return _URL.sub(" ", _ANCHOR.sub(" ", text))


def spelt_out(text: str) -> str:
    """What a reader sees, and each link once, as the words of its address: “cheap pills example buy html”."""
    shown = markup.plain(_ANCHOR.sub(_both, text) if are_in(text) else text)
    return _URL.sub(lambda url: f" {_words(url[0])} ", shown) if are_in(shown) else shown


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


def _both(anchor: re.Match[str]) -> str:
    """The address of a link, and its text unless that is the address again."""
    tag, _, rest = anchor[0].partition(">" if anchor[0].startswith("<") else "]")
    address = _URL.search(tag)
    shown = rest.partition("<" if anchor[0].startswith("<") else "[")[0]
    if address is None:
        return f" {shown} "
    return f" {address[0]} " + ("" if _URL.search(shown) else f"{shown} ")


def _words(url: str) -> str:
    bare = re.sub(r"^https?://|^www\.|[?#].*$", "", url[:_LONGEST_SPELT_OUT], flags=re.IGNORECASE)
    return " ".join(re.findall(r"[^\W_]+", bare.removeprefix("www.")))
