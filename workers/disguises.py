"""A second copy of a text with its disguises undone: “1d10t”, “i d i o t”, “f*ck”, “ѕtupіd”, “ïdïöt” and their like.

A token is read as another word only when it is no ordinary token as it stands. A word worth hiding is read wherever it
is found; other words when their disguise is beyond doubt, or when much of the text is disguised.
"""
# ruff: noqa: RUF001, RUF002 - look-alike letters are what this file is about.

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from service.core import text
from workers.spelling import orientation, segments, tokens, vocabulary
from workers.spelling.lookalikes import core_of, is_foreign, letters, without_brackets

_TOKEN = re.compile(r"(\s*)(\S+)")
# Comments are made of the same few thousand tokens; long ones are no words, and would fill the memory.
_TOKENS_KEPT, _LONGEST_KEPT = 32_768, 40
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
    written: str
    core: str  # without the punctuation around it; as written when there is nothing else
    bare: str  # without the quiet punctuation around it
    is_fragment: bool  # no word as it stands: perhaps a part of one
    is_spellable: bool  # every character of `bare` may stand for a letter
    spelling: tokens.Spelling | None  # the word that it disguises


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
    folded = text.fold(seen)
    row = [_token(written) if len(written) <= _LONGEST_KEPT else _look_at(written) for written in folded.split()]
    believed = _believed(row, _without_overlaps(row, folded))
    if not believed:
        return Unveiled(" ".join(folded.split()))
    return Unveiled(text.normalise(" ".join(_reworded(row, believed))), tuple(believed))


def _look_at(written: str) -> Token:
    known = vocabulary.load()
    bare = written.strip(_QUIET)
    is_word = vocabulary.is_word(bare, known) or bare in {"a", "i"}
    is_spellable = 0 < len(bare) <= _LONGEST_PART and all(map(letters, bare))
    spelling = None if written in known.plain else tokens.read(written)
    return Token(written, core_of(written)[1] or written, bare, not is_word, is_spellable, spelling)


_token = lru_cache(_TOKENS_KEPT)(_look_at)


def _without_overlaps(row: Sequence[Token], folded: str) -> list[Disguise]:
    """Rows of letters before single tokens, and what is sure before what is not."""
    taken: set[int] = set()
    chosen = []
    single = [_single(at, token.written, token.spelling) for at, token in enumerate(row) if token.spelling]
    sure = [disguise for disguise in single if disguise.sure]
    for disguise in (*_rows(row, folded), *sure, *_splits(row, {each.first for each in sure}), *single):
        places = range(disguise.first, disguise.last)
        if taken.isdisjoint(places):
            taken.update(places)
            chosen.append(disguise)
    return sorted(chosen, key=lambda disguise: disguise.first)


def _single(at: int, written: str, spelling: tokens.Spelling) -> Disguise:
    word = vocabulary.load().variants.get(spelling.word, spelling.word)
    return Disguise(at, at + 1, written, word, spelling.sure, spelling.foreign, spelling.accented)


def _rows(row: Sequence[Token], folded: str) -> Iterator[Disguise]:
    """Rows of single letters: “i d i o t”."""
    if sum(len(token.core) == 1 for token in row) < _SHORTEST_ROW:
        return
    gaps = [len(gap) for gap, _ in _TOKEN.findall(folded)]
    at = 0
    while at < len(row):
        end = at
        while end < len(row) and len(row[end].core) == 1:
            end += 1
        last = end
        while last > at and not row[last - 1].core.isalnum() and row[last - 1].core.isascii():
            last -= 1
        if last - at >= _SHORTEST_ROW:
            yield from _read_row(row, gaps, at, last)
        at = max(end, at + 1)


def _read_row(row: Sequence[Token], gaps: Sequence[int], first: int, last: int) -> Iterator[Disguise]:
    places = [at for at in range(first, last) if letters(row[at].core)]
    certain = sum(row[at].core.isalpha() or not row[at].core.isascii() for at in places)
    if len(places) < _SHORTEST_ROW or certain * 2 < len(places):
        return
    groups = _by_gaps(gaps, places)
    words = [word for group in groups for word in segments.split([letters(row[at].core) for at in group])]
    hostile = any(word in vocabulary.load().hostile for word in words)
    usual = len(places) >= _USUAL_LENGTH * len(words)
    if hostile or usual:
        written = " ".join(token.written for token in row[first:last])
        yield Disguise(first, last, written, " ".join(words), hostile or len(words) > 1)


def _by_gaps(gaps: Sequence[int], places: Sequence[int]) -> list[list[int]]:
    """Where some gaps between letters are wider, words begin."""
    narrow = min(gaps[at] for at in places[1:])
    groups: list[list[int]] = [[places[0]]]
    for at in places[1:]:
        if gaps[at] > narrow:
            groups.append([])
        groups[-1].append(at)
    return groups


def _splits(row: Sequence[Token], taken: set[int]) -> Iterator[Disguise]:
    """Words with spaces inside: “id iot”. One part at least is no word."""
    fragment = [token.is_fragment and not _is_clitic(row, at) for at, token in enumerate(row)]
    at = 0
    while at < len(row):
        found = _split(row, fragment, at) if True in fragment[at : at + _MOST_PARTS] else None
        if found and taken.isdisjoint(range(at, at + found[0])):
            parts, word = found
            written = " ".join(token.bare for token in row[at : at + parts])
            hostile = word in vocabulary.load().hostile
            yield Disguise(at, at + parts, written, word, hostile and len(word) >= _SHORTEST_SPLIT)
            at += parts
        else:
            at += 1


def _is_clitic(row: Sequence[Token], at: int) -> bool:
    return row[at].bare in _CLITICS and at > 0 and row[at - 1].bare in _BEFORE_CLITICS


def _split(row: Sequence[Token], fragment: Sequence[bool], at: int) -> tuple[int, str] | None:
    """The word that the most tokens from `at` on spell together, after how many they are."""
    found = None
    written = ""
    for parts, token in enumerate(row[at : at + _MOST_PARTS], 1):
        written += token.bare
        if not token.is_spellable or len(written) > _LONGEST_SPLIT:
            break
        if parts > 1 and True in fragment[at : at + parts] and (word := _spelt(written)):
            found = parts, word
    return found


def _spelt(written: str) -> str | None:
    """The word that has as many letters."""
    known = vocabulary.load()
    if len(written) < _SHORTEST_ROW:
        return None
    if written.isascii() and written.isalpha():
        return written if written in known.ranks else None
    word = known.spell(list(map(letters, written)))
    return word if word and len(word) == len(written) else None


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
