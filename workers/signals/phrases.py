"""Phrases of the spam trade, as whole words: “specialist” does not contain “cialis”."""

import re
from functools import cache

from service.core import text
from service.core.policy import Signal
from workers.signals import lists
from workers.signals.signal import Sighting


def in_text(sighting: Sighting) -> Signal | None:
    found = sorted(set(_pattern().findall(sighting.normalised)))
    if not found:
        return None
    shown = "”, “".join(found[:3])
    return Signal(name="spam_phrase", weight=min(2.0 * len(found), 5.0), reason=f"Wording of advertising: “{shown}”.")


def in_name(sighting: Sighting) -> Signal | None:
    """An author called “Cheap Replica Watches” is a keyword for a search engine."""
    found = _pattern().search(text.normalise(sighting.content.author_name or ""))
    return Signal(name="keyword_name", weight=3.0, reason="The author's name is advertising.") if found else None


@cache
def _pattern() -> re.Pattern[str]:
    # Longest first: an alternation takes the first that fits.
    words = sorted(lists.spam_phrases(), key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)")
