"""A second copy of a text with its disguises undone: “1d10t”, “i d i o t”, “f*ck”, “ѕtupіd”, “ïdïöt” and their like.

A token is read as another word only when it is no ordinary token as it stands. A word worth hiding is read wherever it
is found; other words when their disguise is beyond doubt, or when much of the text is disguised.
"""
# ruff: noqa: RUF001, RUF002 - look-alike letters are what this file is about.

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.core import text
from workers.spelling import orientation, segments, tokens, vocabulary
from workers.spelling.lookalikes import core_of, is_foreign, letters, without_brackets

_TOKEN = re.compile(r"(\s*)(\S+)")
# Of the words of a text: so many are disguised, or in English, before doubtful ones are read too.
_ENOUGH_DISGUISED, _ENOUGH_ENGLISH = 0.2, 0.6
_ENOUGH_CLEAR = 3
# A row of single letters, and a word split in so many parts of so many letters.
_SHORTEST_ROW, _MOST_PARTS, _LONGEST_PART = 3, 4, 8
_SHORTEST_SPLIT, _LONGEST_SPLIT = 4, 16
_QUIET = ".,;:?…\"'“”‘’«»"
# Texts that have lost their apostrophes: “he s hit”.
_CLITICS = frozenset("stmd")
_BEFORE_CLITICS = frozenset(
    "he she it that what who there here let i you we they don isn won can didn doesn wasn couldn wouldn".split()  # noqa: SIM905 - words are read in a row
)
_USUAL_LENGTH = 2.5  # letters a word, on average; less is found in any row of letters


class Token(NamedTuple):
    gap: int  # spaces before it
    written: str
    core: str  # without the punctuation around it; as written when there is nothing else


@dataclass(frozen=True)
class Disguise:
    """The tokens from `first` to before `last` are read as `meant`; unless it is sure, only among other disguises."""

    first: int
    last: int
    written: str
    meant: str
    sure: bool
    foreign: bool = False
    accented: bool = False


@dataclass(frozen=True)
class Unveiled:
    text: str  # the normalised text when nothing was hidden
    found: tuple[Disguise, ...] = ()


def unveil(shown: str) -> Unveiled:
    """Read a text as it came. Linear in its length."""
    seen = without_brackets(orientation.as_seen(shown))
    parts = _TOKEN.findall(text.fold(seen))
    row = [Token(len(gap), written, core_of(written)[1] or written) for gap, written in parts]
    believed = _believed(row, _without_overlaps(row))
    if not believed:
        return Unveiled(text.normalise(seen))
    return Unveiled(text.normalise(" ".join(_reworded(row, believed))), tuple(believed))


def _without_overlaps(row: Sequence[Token]) -> list[Disguise]:
    """Rows of letters before single tokens, and what is sure before what is not."""
    taken: set[int] = set()
    chosen = []
    single = [disguise for at, token in enumerate(row) if (disguise := _single(at, token))]
    sure = [disguise for disguise in single if disguise.sure]
    for disguise in (*_rows(row), *sure, *_splits(row, {each.first for each in sure}), *single):
        places = range(disguise.first, disguise.last)
        if taken.isdisjoint(places):
            taken.update(places)
            chosen.append(disguise)
    return sorted(chosen, key=lambda disguise: disguise.first)


def _single(at: int, token: Token) -> Disguise | None:
    known = vocabulary.load()
    if token.written in known.ranks and token.written not in known.variants:
        return None
    spelling = tokens.read(token.written)
    if not spelling:
        return None
    word = known.variants.get(spelling.word, spelling.word)
    return Disguise(at, at + 1, token.written, word, spelling.sure, spelling.foreign, spelling.accented)


def _rows(row: Sequence[Token]) -> Iterator[Disguise]:
    """Rows of single letters: “i d i o t”."""
    at = 0
    while at < len(row):
        end = at
        while end < len(row) and len(row[end].core) == 1:
            end += 1
        last = end
        while last > at and not row[last - 1].core.isalnum() and row[last - 1].core.isascii():
            last -= 1
        if last - at >= _SHORTEST_ROW:
            yield from _read_row(row, at, last)
        at = max(end, at + 1)


def _read_row(row: Sequence[Token], first: int, last: int) -> Iterator[Disguise]:
    places = [at for at in range(first, last) if letters(row[at].core)]
    certain = sum(row[at].core.isalpha() or not row[at].core.isascii() for at in places)
    if len(places) < _SHORTEST_ROW or certain * 2 < len(places):
        return
    groups = _by_gaps(row, places)
    words = [word for group in groups for word in segments.split([letters(row[at].core) for at in group])]
    hostile = any(word in vocabulary.load().hostile for word in words)
    usual = len(places) >= _USUAL_LENGTH * len(words)
    if hostile or usual:
        written = " ".join(token.written for token in row[first:last])
        yield Disguise(first, last, written, " ".join(words), hostile or len(words) > 1)


def _by_gaps(row: Sequence[Token], places: Sequence[int]) -> list[list[int]]:
    """Where some gaps between letters are wider, words begin."""
    narrow = min(row[at].gap for at in places[1:])
    groups: list[list[int]] = [[places[0]]]
    for at in places[1:]:
        if row[at].gap > narrow:
            groups.append([])
        groups[-1].append(at)
    return groups


def _splits(row: Sequence[Token], taken: set[int]) -> Iterator[Disguise]:
    """Words with spaces inside: “id iot”. One part at least is no word."""
    known = vocabulary.load()
    cores = [token.written.strip(_QUIET) for token in row]
    fragment = [
        not (vocabulary.is_word(core, known) or core in {"a", "i"} or (core in _CLITICS and before in _BEFORE_CLITICS))
        for before, core in zip(["", *cores], cores, strict=False)
    ]
    at = 0
    while at < len(row):
        found = None
        if any(fragment[at : at + _MOST_PARTS]):
            tried = (_split(cores, fragment, at, parts) for parts in range(_MOST_PARTS, 1, -1))
            found = next(filter(None, tried), None)
        if found and taken.isdisjoint(range(at, at + found[0])):
            parts, word = found
            written = " ".join(cores[at : at + parts])
            yield Disguise(at, at + parts, written, word, word in known.hostile and len(word) >= _SHORTEST_SPLIT)
            at += parts
        else:
            at += 1


def _split(cores: Sequence[str], fragment: Sequence[bool], at: int, parts: int) -> tuple[int, str] | None:
    joined = cores[at : at + parts]
    if (
        len(joined) < parts
        or not all(joined)
        or not any(fragment[at : at + parts])
        or max(map(len, joined)) > _LONGEST_PART
    ):
        return None
    options = [letters(character) for core in joined for character in core]
    if not _SHORTEST_ROW <= len(options) <= _LONGEST_SPLIT or not all(options):
        return None
    word = vocabulary.load().spell(options)
    return (parts, word) if word and len(word) == len(options) else None


def _believed(row: Sequence[Token], found: Sequence[Disguise]) -> list[Disguise]:
    """Leave out what the rest of the text makes unlikely."""
    if not found:
        return []
    foreign_text, english = _is_foreign_text(row, found), _is_english(row, _places(found))
    kept = [each for each in found if not (each.foreign and foreign_text) and not (each.accented and not english)]
    known = vocabulary.load().ranks
    clear = sum(
        each.sure or (not each.accented and each.meant in known and len(each.meant) > _SHORTEST_ROW) for each in kept
    )
    certain = clear >= _ENOUGH_CLEAR or any(each.sure for each in kept)
    much = certain and len(_places(kept)) >= _ENOUGH_DISGUISED * len(row)
    return [each for each in kept if each.sure or much]


def _places(found: Sequence[Disguise]) -> set[int]:
    return {at for each in found for at in range(each.first, each.last)}


def _is_foreign_text(row: Sequence[Token], found: Sequence[Disguise]) -> bool:
    """Whether most words of other scripts are no English words in look-alike letters."""
    known = vocabulary.load().ranks
    english = {each.first for each in found if each.meant in known}
    foreign = [at for at, token in enumerate(row) if any(map(is_foreign, token.core))]
    return sum(at in english for at in foreign) * 2 <= len(foreign)


def _is_english(row: Sequence[Token], disguised: set[int]) -> bool:
    words = [token.core for at, token in enumerate(row) if at not in disguised and token.core[:1].isalpha()]
    return sum(map(tokens.is_ordinary, words)) >= _ENOUGH_ENGLISH * len(words)


def _reworded(row: Sequence[Token], found: Sequence[Disguise]) -> Iterator[str]:
    end = 0
    for disguise in found:
        yield from (token.written for token in row[end : disguise.first])
        yield disguise.meant
        end = disguise.last
    yield from (token.written for token in row[end:])
