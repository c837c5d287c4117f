"""Public lists that ship with Gatepost (`lists/SOURCES.md` says whose), read once."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "lists"
_LONGEST_NAME = 253  # characters (RFC 1035, as text)


@cache
def spam_domains() -> frozenset[str]:
    return _read("spam_domains.txt")


@cache
def shorteners() -> frozenset[str]:
    return _read("shorteners.txt")


@cache
def disposable_domains() -> frozenset[str]:
    return _read("disposable_domains.txt")


@cache
def spam_phrases() -> frozenset[str]:
    return _read("spam_phrases.txt")


def holds(domains: frozenset[str], host: str) -> bool:
    """Whether the host or a domain above it is listed: `a.b.example` asks for itself, `b.example` and `example`."""
    if len(host) > _LONGEST_NAME:
        # It leads nowhere, and thousands of labels would take minutes.
        return False
    labels = host.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


def _read(name: str) -> frozenset[str]:
    lines = (_FOLDER / name).read_text(encoding="utf-8").casefold().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
