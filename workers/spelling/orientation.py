"""Text that runs the other way: right-to-left override, letters upside down, words written backwards."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from workers.spelling import vocabulary
from workers.spelling.lookalikes import core_of, letters

_OVERRIDE, _POP = "\u202e", "\u202c"
_OVERRIDDEN = re.compile(f"{_OVERRIDE}([^{_POP}\r\n]*){_POP}?")
_TURNED = dict(zip("ɐɔǝɟƃɥᴉıɾʞʅɯɹʇʌʍʎⱯƆƎℲ⅁⋊⅂Ԁᴚ⊥∩Λ⅄¡¿‾", "acefghiijklmrtvwyacefgklprtuvy!?_", strict=True))
# What is another letter upside down, and counts only beside one that can be nothing else.
_HALF_TURN = str.maketrans(_TURNED | dict(zip("bdpqunmw69()[]<>", "qpdbnuwm96)(][><", strict=True)))
_SURELY_TURNED = re.compile("[ɐɔǝɟɥᴉɾʞʅɯɹʇʌʍʎ⅁⋊⅂ԀᴚⅎℲ⅄]")
# A text is read backwards when that makes most of its words known and few were.
_FEW, _MOST, _ENOUGH_WORDS = 0.34, 0.5, 3
_TWO = 2


def as_seen(shown: str) -> str:
    """Turn the text so that most of its words can be read; as it is when no way is better."""
    if _OVERRIDE in shown:
        shown = _OVERRIDDEN.sub(lambda part: _best((part[1][::-1], part[1])), shown)
    if _SURELY_TURNED.search(shown):
        flipped = shown.translate(_HALF_TURN)
        shown = _best((shown, flipped[::-1], _backwards(flipped), flipped))
    return _forwards(shown)


def _forwards(shown: str) -> str:
    words = len(shown.split())
    if words < _ENOUGH_WORDS or _knows(shown, _FEW * words):
        return shown
    back = shown[::-1]
    return _best((back, _backwards(shown))) if _known(back) >= _MOST * words else shown


def _backwards(text: str) -> str:
    """Turn each word round, at its place."""
    return " ".join(word[::-1] for word in text.split())


def _best(ways: Iterable[str]) -> str:
    """The first of those with the most known words."""
    return max(ways, key=_known)


def _known(text: str) -> int:
    """How many words of three letters or more are known, look-alike letters read as what they look like."""
    return sum(map(_is_known, _short(text)))


def _knows(text: str, number: float) -> bool:
    """Whether more than `number` words are known; in most texts the first ones tell."""
    known = filter(_is_known, _short(text))
    return any(count > number for count, _ in enumerate(known, 1))


def _short(text: str) -> Iterator[str]:
    return (token for token in text.casefold().split() if len(token) <= vocabulary.LONGEST)


@lru_cache(maxsize=32_768)
def _is_known(token: str) -> bool:
    word = "".join(letters(character)[:1] or character for character in core_of(token)[1])
    return len(word) > _TWO and word in vocabulary.load().ranks
