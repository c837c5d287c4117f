"""Which words of a site's list stand in a text."""

import re
from collections.abc import Sequence
from functools import lru_cache

from service.core import text

# Scripts without spaces between words: there a word may begin and end anywhere.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# “specialist” does not contain “cialis”: no edge between two letters.
_EDGE = re.compile(rf"(?<!\w)|(?!\w)|(?<=[{_UNSPACED}])|(?=[{_UNSPACED}])")


def find(words: Sequence[str], shown: str) -> list[str]:
    """The words of the list that stand in the normalised text, sorted; of a `word*`, its beginning."""
    return sorted(_find(_index(tuple(words)), shown)) if words else []


@lru_cache(maxsize=64)
def _index(words: tuple[str, ...]) -> dict[int, dict[str, bool]]:
    """By length: each word, spelt as evidence is, and whether it matches beginnings as well."""
    index: dict[int, dict[str, bool]] = {}
    for word in words:
        # A word of nothing but invisible characters would stand everywhere.
        if stem := text.normalise(word.removesuffix("*")):
            stems = index.setdefault(len(stem), {})
            stems[stem] = stems.get(stem, False) or word.endswith("*")
    return index


def _find(index: dict[int, dict[str, bool]], shown: str) -> set[str]:
    """Look up by length at each edge: one pattern of thousands of alternatives takes half a minute on hostile text."""
    found = set()
    for edge in _EDGE.finditer(shown):
        start = edge.start()
        for length, stems in index.items():
            end = start + length
            stem = shown[start:end]
            if stem in stems and (stems[stem] or _EDGE.match(shown, end)):
                found.add(stem)
    return found
