"""Words in a row of letters that has lost its spaces: “y o u i d i o t”."""

import math
from collections.abc import Sequence

from workers.spelling import vocabulary

_LONGEST_WORD = 20
# In nats, about: a word costs the logarithm of its rank; a letter that is in no word costs more than a rare word.
_HEAD, _STRAY = 30, 14.0
_LETTERS = {"a": 3.5, "i": 3.5, "u": 6.0, "r": 7.0}


def split(options: Sequence[str]) -> list[str]:
    """The likeliest words, given the letters that each character may stand for; single letters where there is none."""
    best: list[tuple[float, str]] = [(0.0, "")] + [(math.inf, "")] * len(options)
    for start in range(len(options)):
        base = best[start][0]
        for word, cost in _words_at(options, start):
            end = start + len(word)
            best[end] = min(best[end], (base + cost, word))
    return _trace(best)


def _words_at(options: Sequence[str], start: int) -> list[tuple[str, float]]:
    known = vocabulary.load()
    first = options[start][0]
    found = [(letter, _LETTERS.get(letter, _STRAY)) for letter in options[start]] or [(first, _STRAY)]
    readings = {"": ""}
    for letters in options[start : start + _LONGEST_WORD]:
        readings = known.grow(readings, letters)
        if not readings:
            break
        found += [
            (spelled, math.log(known.ranks[spelled] + _HEAD))
            for spelled in readings.values()
            if vocabulary.is_word(spelled, known) and len(spelled) > 1
        ]
    return found


def _trace(best: Sequence[tuple[float, str]]) -> list[str]:
    words, end = [], len(best) - 1
    while end > 0:
        words.append(best[end][1])
        end -= len(best[end][1])
    return words[::-1]
