"""Where in a comment as it was written the characters of its scored copy come from."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from service.core import markup, text
from workers.disguises import Disguise
from workers.reading import Reading
from workers.spelling import orientation

# What `markup.plain` may change is a tag or an entity (as `html.unescape` reads it); the rest it leaves alone.
_MARKUP = re.compile(
    r"<(?:/?[a-zA-Z]|!--)[^<>]{0,5000}>|&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)|[^<&]+|[<&]"
)
_WORD = re.compile(r"\S+")

# Characters of the copy, and for each the start and the end of what it comes from.
Place = tuple[str, Sequence[int], Sequence[int]]


@dataclass(frozen=True)
class Alignment:
    """`copy` is the changed text; its character i comes from `original[starts[i]:ends[i]]`."""

    copy: str
    starts: Sequence[int]
    ends: Sequence[int]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Tell what part of the original `copy[start:end]`, which is not empty, comes from."""
        return self.starts[start], self.ends[end - 1]

    def then(self, later: "Alignment") -> "Alignment":
        """Align a copy of this copy with the original."""
        if isinstance(self.starts, range):
            # This copy is the original.
            return later
        starts = [self.starts[start] for start in later.starts]
        return Alignment(later.copy, starts, [self.ends[end - 1] for end in later.ends])


def align(written: str) -> Alignment:
    """Follow a comment through `markup.plain` and `text.normalise`.

    Slow beside them; exact to the character where one stands for itself, else to the tag, the entity or the word.
    """
    return _through_normalising(_through_markup(written))


def forms(written: str, read: Reading) -> list[Alignment]:
    """The forms of a comment that are scored: as it reads and, if it is disguised, with its disguises undone.

    A disguised word comes from all that was written for it.
    """
    shown = _through_markup(written)
    found = [_through_normalising(shown)]
    if read.is_disguised:
        found.append(shown.then(_align(read.unveiled, _unveiled(shown.copy, read.disguises), shown.copy)))
    return found


def _through_markup(written: str) -> Alignment:
    if "<" not in written and "&" not in written:
        return Alignment(*_one_by_one(written, 0))
    return _align(markup.plain(written), _without_markup(written), written)


def _through_normalising(shown: Alignment) -> Alignment:
    return shown.then(_align(text.normalise(shown.copy), _normalised(shown.copy), shown.copy))


def _align(copy: str, places: Iterable[Place], original: str) -> Alignment:
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for some, begun, ended in places:
        characters.append(some)
        starts += begun
        ends += ended
    if "".join(characters) != copy:
        # Better a span that is too long than one that points elsewhere.
        return Alignment(copy, [0] * len(copy), [len(original)] * len(copy))
    return Alignment(copy, starts, ends)


def _without_markup(written: str) -> Iterator[Place]:
    for part in _MARKUP.finditer(written):
        plain = markup.plain(part[0])
        yield _one_by_one(plain, part.start()) if plain == part[0] else _as_one(plain, *part.span())


def _normalised(shown: str) -> Iterator[Place]:
    """Normalise word by word: nothing that normalising joins or reorders reaches over a space."""
    end = None
    for word in _WORD.finditer(shown):
        if normal := text.normalise(word[0]):
            if end is not None:
                yield _as_one(" ", end, word.start())
            yield from _word(word[0], normal, word.start())
            end = word.end()


def _unveiled(shown: str, disguises: Sequence[Disguise]) -> Iterator[Place]:
    """Read the disguises by the tokens that they were found in; nothing, when the text had to be turned round."""
    tokens = [] if orientation.as_seen(shown) != shown else list(_WORD.finditer(shown))
    meant = {disguise.first: disguise for disguise in disguises}
    at, end = 0, None
    while at < len(tokens):
        start, disguise = tokens[at].start(), meant.get(at)
        at = disguise.last if disguise else at + 1
        token = shown[start : tokens[at - 1].end()]
        if normal := text.normalise(disguise.meant if disguise else token):
            if end is not None:
                yield _as_one(" ", end, start)
            stop = start + len(token)
            yield from [_as_one(normal, start, stop)] if disguise else _word(token, normal, start)
            end = stop


def _word(word: str, normal: str, start: int) -> Iterable[Place]:
    if word.lower() == normal and len(word) == len(normal):
        return [_one_by_one(normal, start)]
    places = list(_shorten_runs(_clusters(word, start)))
    exact = "".join(characters for characters, _, _ in places) == normal
    return places if exact else [_as_one(normal, start, start + len(word))]


def _clusters(word: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Normalise each letter together with the marks and the invisible characters behind it; character by character."""
    first = 0
    for end in range(1, len(word) + 1):
        if end == len(word) or unicodedata.category(word[end]) not in {"Mn", "Mc", "Me", "Cf"}:
            for character in text.normalise(word[first:end]):
                yield character, start + first, start + end
            first = end


def _shorten_runs(places: Iterable[tuple[str, int, int]]) -> Iterator[Place]:
    for character, run in groupby(places, key=lambda place: place[0]):
        same = list(run)
        for _, start, end in same[: text.LONGEST_RUN - 1]:
            yield _as_one(character, start, end)
        if len(same) >= text.LONGEST_RUN:
            yield _as_one(character, same[text.LONGEST_RUN - 1][1], same[-1][2])


def _one_by_one(characters: str, start: int) -> Place:
    end = start + len(characters)
    return characters, range(start, end), range(start + 1, end + 1)


def _as_one(characters: str, start: int, end: int) -> Place:
    return characters, [start] * len(characters), [end] * len(characters)
