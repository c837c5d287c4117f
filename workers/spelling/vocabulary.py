"""English words that comments use, and how a word is found again when every letter may be one of several."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

_LISTS = Path(__file__).parents[1] / "signals" / "lists"

LONGEST = 40  # characters of a spelling, with held letters
# Readings of one spelling that are followed at once.
_MOST_READINGS = 16
# Of two letters nearly everything is an abbreviation in some comment; these are words, some of them of other languages.
_SHORT_WORDS = frozenset(
    # A line for each would fill a page.
    "am an as at be by do go ha he hi if im in is it la me mr my no of oh ok on or re so to tv uk up ur us vs we ye yo "  # noqa: SIM905
    "al da de di du el en es et ex il je le li ll lo mi ne ni se si su te ti tu un va ve vi za".split()
)
# Listed as misspellings, and words or names as well.
_OF_THEIR_OWN = frozenset(
    ("cack", "dix", "fack", "feck", "fick", "focker", "fook", "fuq", "fux", "nigra", "nigre", "puss", "shat")
)
_FRAGMENT = 2  # characters
_RUN = re.compile(r"(.)\1+", re.DOTALL)


@dataclass(frozen=True)
class Vocabulary:
    ranks: dict[str, int]  # 0 for the most frequent word
    hostile: dict[str, int]  # the words worth hiding, the most frequent in toxic comments first
    by_stem: dict[str, list[str]]  # a stem is a word with each run of one letter as one: “ass” has the stem “as”
    beginnings: frozenset[str]  # of every stem
    variants: dict[str, str]  # hostile spellings that are hardly used, and what they mean: “fvck”
    plain: frozenset[str]  # words that mean what they say

    def spell(self, options: Sequence[str]) -> str | None:
        """Find the word that a sequence of characters spells, given the letters that each may stand for.

        A letter may be held: “fuuuck” and “iiddiioott” spell words as well.
        """
        if not 1 < len(options) <= LONGEST:
            return None
        found = (
            (word != spelled, word not in self.hostile, len(spelled) - len(word), self.ranks[word], word)
            for stem, spelled in self._readings(options).items()
            for word in self.by_stem.get(stem, ())
            if holds(word, spelled)
        )
        return min(found, default=(None,))[-1]

    def _readings(self, options: Sequence[str]) -> dict[str, str]:
        """By stem: the first spelling that begins as some word does."""
        if all(len(letters) == 1 for letters in options):
            # Most are plain letters, and spell one thing.
            spelled = "".join(options)
            return {stem_of(spelled): spelled}
        readings = {"": ""}
        for letters in options:
            readings = self.grow(readings, letters)
            if not readings:
                break
        return readings

    def grow(self, readings: dict[str, str], letters: str) -> dict[str, str]:
        grown: dict[str, str] = {}
        for stem, spelled in readings.items():
            for letter in letters:
                longer = stem if stem.endswith(letter) else stem + letter
                if longer in self.beginnings and len(grown) < _MOST_READINGS:
                    grown.setdefault(longer, spelled + letter)
        return grown


def holds(word: str, spelled: str) -> bool:
    """Whether a spelling is the word with letters held longer, and none shorter. Both have the same stem."""
    return all(len(short) <= len(long) for short, long in zip(_runs(word), _runs(spelled), strict=True))


def is_word(written: str, known: Vocabulary) -> bool:
    """Whether it is an ordinary word as it stands, and no fragment of one."""
    return written in known.ranks if len(written) > _FRAGMENT else written in _SHORT_WORDS


def stem_of(word: str) -> str:
    return _RUN.sub(r"\1", word)


@cache
def load() -> Vocabulary:
    lines = [line.partition(" ") for line in _read("hostile_words.txt")]
    hostile = [word for word, _, _ in lines]
    # A listed word that nobody used is rarer than all.
    words = list(dict.fromkeys([*_read("english_words.txt"), *hostile]))
    variants = {word: meant for word, _, meant in lines if meant and word not in _OF_THEIR_OWN}
    return make(words, hostile, variants)


def make(words: Iterable[str], hostile: Iterable[str], variants: dict[str, str]) -> Vocabulary:
    ranks = {word: rank for rank, word in enumerate(words)}
    by_stem: defaultdict[str, list[str]] = defaultdict(list)
    for word in ranks:
        by_stem[stem_of(word)].append(word)
    beginnings = frozenset(stem[:end] for stem in by_stem for end in range(1, len(stem) + 1))
    rated = {word: rank for rank, word in enumerate(hostile)}
    return Vocabulary(ranks, rated, dict(by_stem), beginnings, variants, frozenset(ranks.keys() - variants.keys()))


def _runs(word: str) -> list[str]:
    return ["".join(run) for _, run in groupby(word)]


def _read(name: str) -> list[str]:
    return (_LISTS / name).read_text(encoding="utf-8").splitlines()
