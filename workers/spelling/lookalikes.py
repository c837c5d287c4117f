"""Which Latin letters a character may stand for in a disguised word: figures, symbols, accents, other scripts."""

import unicodedata
from collections import defaultdict
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parents[1] / "signals" / "lists" / "lookalikes.txt"

_FIGURES = {"0": "o", "1": "il", "2": "z", "3": "e", "4": "a", "5": "s", "6": "gb", "7": "t", "8": "b", "9": "g"}
_SYMBOLS = {
    "@": "a",
    "^": "a",
    "$": "s",
    "!": "il",
    "|": "il",
    "+": "t",
    "#": "h",
    "%": "x",
    "(": "c",
    "<": "c",
    "{": "c",
    "[": "c",
}
_BRACKETED = {first + place: chr(97 + place) for first in (0x249C, 0x1F110) for place in range(26)}
# Letters of living languages that Unicode does not take apart.
_STROKED = {"đ": "d", "ø": "o", "ł": "l", "ħ": "h", "ŧ": "t", "ð": "d", "ı": "i"}  # noqa: RUF001 - the letter itself
# Scripts of which people write whole words; what else looks like a letter is a symbol.
_SCRIPTS = {"GREEK", "CYRILLIC", "ARMENIAN", "HEBREW", "CHEROKEE", "COPTIC", "CANADIAN", "LISU", "TIFINAGH", "GEORGIAN"}


@cache
def letters(character: str) -> str:
    """The letters from a to z that a folded character may stand for; nothing when it looks like none."""
    if character.isascii() and character.isalpha():
        return character
    found = _FIGURES.get(character) or _SYMBOLS.get(character) or _table().get(character, "")
    return found or (without_accent(character) if not character.isascii() else "")


@cache
def without_accent(character: str) -> str:
    """The Latin letter under an accent; nothing for any other character."""
    base = _STROKED.get(character) or unicodedata.normalize("NFD", character)[:1]
    return base if base != character and base.isascii() and base.isalpha() else ""


def core_of(token: str) -> tuple[str, str, str]:
    """Part a token into the punctuation before it, itself and the punctuation after it."""
    first, last = 0, len(token)
    while first < last and _is_edge(token[first]):
        first += 1
    while last > first and _is_edge(token[last - 1]):
        last -= 1
    return token[:first], token[first:last], token[last:]


@cache
def _is_edge(character: str) -> bool:
    return not character.isalnum() and (character.isascii() or not letters(character))


@cache
def is_foreign(character: str) -> bool:
    """Whether it is a letter of another script, and not a symbol or an exotic form of a Latin one."""
    return character.isalpha() and script_of(character) in _SCRIPTS


@cache
def script_of(character: str) -> str:
    """The first word of its name, such as LATIN."""
    return unicodedata.name(character, "").split(" ")[0]


def without_brackets(text: str) -> str:
    """Put plain letters for those that compatibility folding would turn into “(a)”."""
    return text.translate(_BRACKETED)


@cache
def _table() -> dict[str, str]:
    table: defaultdict[str, str] = defaultdict(str)
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        letter, _, lookalikes = line.partition(" ")
        for character in lookalikes:
            table[character] += letter
    return dict(table)
