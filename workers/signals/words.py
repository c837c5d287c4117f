"""Finds the phrases of a list in a text, as whole words: “specialist” does not contain “cialis”."""

import re
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")
# No phrase of our lists is longer; a longer one would be looked up for nothing.
MOST_WORDS = 8


def split(normalised: str) -> list[str]:
    return _WORD.findall(normalised)


class Phrases:
    """A list made ready once: each word that begins a phrase knows how long its longest phrase is."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = {" ".join(split(phrase)) for phrase in phrases}
        self._longest: dict[str, int] = {}
        for phrase in self._phrases:
            first, length = phrase.partition(" ")[0], phrase.count(" ") + 1
            self._longest[first] = max(self._longest.get(first, 0), min(length, MOST_WORDS))

    def find(self, words: Sequence[str]) -> list[str]:
        """Each phrase that stands in the text, once, in the order of the text."""
        found: dict[str, None] = {}
        for start, word in enumerate(words):
            if word not in self._longest:
                continue
            for length in range(1, self._longest[word] + 1):
                phrase = " ".join(words[start : start + length])
                if phrase in self._phrases:
                    found[phrase] = None
        return list(found)
