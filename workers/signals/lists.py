"""Public lists that ship with Gatepost (`lists/SOURCES.md` says whose), read once."""

import re
from functools import cache
from pathlib import Path

from workers.signals.words import Phrases

_FOLDER = Path(__file__).parent / "lists"
_COMMON_WORDS = 500
LONGEST_NAME = 253  # characters (RFC 1035, as text)


@cache
def spam_domains() -> frozenset[str]:
    return read("spam_domains.txt")


@cache
def shorteners() -> frozenset[str]:
    return read("shorteners.txt")


@cache
def disposable_domains() -> frozenset[str]:
    return read("disposable_domains.txt")


@cache
def spam_phrases() -> Phrases:
    return Phrases(read("spam_phrases.txt"))


@cache
def blocklist() -> Phrases:
    return Phrases(read("blocklist.txt"))


@cache
def praise() -> Phrases:
    return Phrases(read("praise.txt"))


@cache
def trade_pattern() -> re.Pattern[str]:
    """What an address may contain only if it sells that, even inside a longer word."""
    return re.compile("|".join(map(re.escape, sorted(trade_words()))))


@cache
def trade_words() -> frozenset[str]:
    return read("trade_words.txt")


@cache
def common_words() -> frozenset[str]:
    """The most frequent words of comments in English: the list begins with them."""
    return frozenset((_FOLDER / "english_words.txt").read_text(encoding="utf-8").split()[:_COMMON_WORDS])


def holds(domains: frozenset[str], host: str) -> bool:
    """Whether the host or a domain above it is listed: `a.b.example` asks for itself, `b.example` and `example`."""
    if len(host) > LONGEST_NAME:
        # It leads nowhere, and thousands of labels would take minutes.
        return False
    labels = host.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


def read(name: str) -> frozenset[str]:
    lines = (_FOLDER / name).read_text(encoding="utf-8").casefold().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
