"""Finds the phrases of a list in a text, as whole words: “specialist” does not contain “cialis”."""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
# No phrase of our lists is longer; a longer one would be looked up for nothing.
MOST_WORDS = 8


def split(normalised: str) -> list[str]:
    return _WORD.findall(normalised)


class Phrases:
    """A list made ready once: each pair of words that begins a phrase knows how long its longest phrase is."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = {" ".join(split(phrase)) for phrase in phrases}
        self._firsts: set[str] = set()
        self._longest: dict[str, int] = {}
        for phrase in self._phrases:
            words = phrase.split(" ")
            self._firsts.add(words[0])
            pair = " ".join(words[:2])
            self._longest[pair] = max(self._longest.get(pair, 0), min(len(words), MOST_WORDS))

    def find(self, words: Sequence[str]) -> list[str]:
        """Each phrase that stands in the text, once, in the order of the text."""
        found: dict[str, None] = {}
        for start in [place for place, word in enumerate(words) if word in self._firsts]:
            if words[start] in self._phrases:
                found[words[start]] = None
            for length in range(2, self._longest.get(" ".join(words[start : start + 2]), 1) + 1):
                phrase = " ".join(words[start : start + length])
                if phrase in self._phrases:
                    found[phrase] = None
        return list(found)
