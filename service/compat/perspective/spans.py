"""Parts of a text as Perspective tells them: by sentence, counted in UTF-16 code units, as in JavaScript and Java."""

import re
from typing import NamedTuple

# Each is scored by itself.
MOST_SENTENCES = 20
# Up to the mark that ends it, of Chinese and Japanese too, or the end of a line.
_SENTENCE = re.compile(r"\S[^\n]*?(?:[.!?…]+(?=\s|$)|[\u3002\uff01\uff1f]+|(?=\n|$))")


class Part(NamedTuple):
    """`begin` and `end` (exclusive) in UTF-16 code units."""

    begin: int
    end: int
    text: str


def whole(text: str) -> Part:
    return Part(0, _units(text), text)


def sentences(text: str) -> list[Part]:
    """At most `MOST_SENTENCES`: the last one takes the rest."""
    found = [match.span() for match in _SENTENCE.finditer(text)] or [(0, len(text))]
    kept = (
        [*found[: MOST_SENTENCES - 1], (found[MOST_SENTENCES - 1][0], found[-1][1])]
        if len(found) > MOST_SENTENCES
        else found
    )
    return [Part(_units(text[:start]), _units(text[:end]), text[start:end]) for start, end in kept]


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", errors="surrogatepass")) // 2
