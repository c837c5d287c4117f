"""Wording of the spam trade in the text and in the author's name."""

from service.core import text
from workers.signals import lists, words
from workers.signals.signal import Finding, Sighting

_MOST = 3  # that count, and that a reason shows


def advertising(sighting: Sighting) -> Finding | None:
    if found := lists.spam_phrases().find(sighting.words):
        return Finding("spam_phrase", f"Wording of advertising: {_show(found)}.", min(len(found), _MOST))
    return None


def blocklisted(sighting: Sighting) -> Finding | None:
    """What a public list has met in the spam of blogs, and ordinary texts do not contain."""
    if found := lists.blocklist().find(sighting.words):
        return Finding("blocklisted", f"Wording known from comment spam: {_show(found)}.", min(len(found), _MOST))
    return None


def keyword_name(sighting: Sighting) -> Finding | None:
    """An author called “Cheap Replica Watches” is a keyword for a search engine."""
    name = words.split(text.normalise(sighting.content.author_name or ""))
    if lists.spam_phrases().find(name) or not lists.trade_words().isdisjoint(name):
        return Finding("keyword_name", "The author's name is advertising.")
    return None


def praise(sighting: Sighting) -> Finding | None:
    """Praise that would fit below any post of any blog."""
    found = lists.praise().find(sighting.words)
    return Finding("praise", f"Praise that fits any page: {_show(found)}.", min(len(found), _MOST)) if found else None


def _show(found: list[str]) -> str:
    return "“" + "”, “".join(sorted(found)[:_MOST]) + "”"
