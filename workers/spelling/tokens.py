"""What one token means when it is no ordinary token: figures and look-alikes for letters, held or masked letters."""
# ruff: noqa: RUF001, RUF002 - look-alike letters are what this file is about.

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import groupby, takewhile

from workers.spelling import vocabulary
from workers.spelling.lookalikes import core_of, is_foreign, letters, script_of, without_accent

# Addresses of the web, of mail and of files; and UUIDs.
_ADDRESS = re.compile(
    # Runs of a character have been shortened to three.
    r"\b[0-9a-f]{3,8}(?:-[0-9a-f]{3,4}){3}-[0-9a-f]{3,12}\b"
    r"|://|^www\.|\w@[\w-]+\.\w|^[\w-]+(?:\.[\w-]+)+/|^/\w+/|\.(?:com|net|org|html?|php|py|js|pdf|jpe?g|png)$"
)
# “10th”, “5pm”, “100k”, “1.5gb”.
_NUMBER = re.compile(r"\W*\d[\d.,:/-]*[a-z%°]{0,3}\W*")
# “page5”, “windows10”.
_NUMBERED = re.compile(r"([a-z]{3,})\d+")
# So many symbols at a word's edge may be letters.
_MOST_EDGE = 6
AROUND = ".,;:!?…\"'“”‘’«»()[]{}"
_STOPS = ".,;:?…"
_MASK = re.compile(r"[*#%&?^~.\-_=•■█×@$!+…]")
_PIECES = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile("['’]")
_JOINTS = re.compile(r"(['’/.,;:…-]+)")
# Letters drawn with several characters; the longest first.
_DRAWN = {
    "|\\/|": "m", "/\\/\\": "m", "\\/\\/": "w", "|\\|": "n", "|_|": "u", "|-|": "h", "|<": "k", "|)": "d", "|>": "p",
    "|=": "f", "|3": "b", "/\\": "a", "\\/": "v", "()": "o", "vv": "w", "><": "x", "ph": "f",
}  # fmt: skip
_DRAWING = re.compile("|".join(map(re.escape, _DRAWN)))
# Words that are written with two accents or more.
_BORROWED = frozenset(
    {"resume", "resumes", "protege", "proteges", "melee", "melees", "quebecois", "deja", "naivete", "rape"}
)
_ANY = "etaoinshrdlucmfwypvbgkjqxz"
_DOUBLED = re.compile(r"(?:(.)\1)+")
_LETTERS = re.compile(r"(?:[^\W_]|[@$!|+€£¥¢√∂†§]|[^\x00-\x7f])+")
_SURE_LENGTH = 4
_LONGEST = 120  # characters: a longer token is no word, whatever stands between its letters
_SHOWN = 2  # letters of a masked word
_FEWEST_STARRED, _MOST_STARRED = 3, 5


@dataclass(frozen=True)
class Spelling:
    """A token read as `word`. Unless it is `sure`, it counts among other disguises only."""

    word: str
    sure: bool
    foreign: bool = False  # every letter is of another script
    accented: bool = False  # nothing but accents hides it

    @property
    def hostile(self) -> bool:
        return self.word in vocabulary.load().hostile


def read(token: str) -> Spelling | None:
    """Read a folded token without spaces; None for an ordinary one, and for one that means nothing."""
    before, core, after = core_of(token)
    if len(core) > 1 and core in vocabulary.load().plain and not any(map(letters, before + after)):
        # Most are a word and a comma.
        return None
    if len(token) > _LONGEST or _ADDRESS.search(token):
        return None
    before = before if core else before.rstrip(_STOPS)
    if variant := vocabulary.load().variants.get(core):
        return Spelling(variant, sure=True)
    ways = list(_with_edges(before, core, after))
    if is_ordinary(core):
        return _at_edges(core, ways) or (_masked(token) if len(core) == 1 else None)
    for read_so in (_spelt, _joined, _in_pieces, _drawn):
        readings = [found for written in ways if (found := read_so(written))]
        if readings:
            # Symbols at the edge make the word longer: “$h!7” is more than “h!7”.
            return max(readings, key=lambda found: (found.hostile, found.sure, len(found.word)))
    return _drawn(token.strip(AROUND)) or _masked(token) or _transcribed(token)


def _at_edges(core: str, ways: Iterable[str]) -> Spelling | None:
    """“$hit”, “@n”: symbols beside what would be a word without them."""
    readings = [
        found for written in ways if written != core and not written.endswith("!") and (found := _spelt(written))
    ]
    best = max(readings, key=lambda found: (found.hostile, len(found.word)), default=None)
    return best and replace(best, sure=best.sure and best.hostile)


def is_ordinary(core: str) -> bool:
    """Whether a token without its punctuation can stand in a text as it is."""
    known = vocabulary.load()
    if len(core) < _SHOWN or core in known.ranks:
        return True
    pieces = _APOSTROPHE.split(core)
    return any(map(known.ranks.__contains__, pieces)) and all(
        len(piece) < _SHOWN or piece in known.ranks for piece in pieces
    )


def _with_edges(before: str, core: str, after: str) -> Iterator[str]:
    """The core, alone and with the symbols beside it that may be letters."""
    left = len(list(takewhile(letters, before[: -_MOST_EDGE - 1 : -1])))
    right = len(list(takewhile(letters, after[:_MOST_EDGE])))
    # After letters only, “!” is what it is.
    if after[:1] == "!" and len(core) > 1 and all(c.isalpha() or not letters(c) for c in core):
        right = 0
    for first in range(len(before), len(before) - left - 1, -1):
        for last in range(right + 1):
            yield before[first:] + core + after[:last]


def _spelt(written: str) -> Spelling | None:
    if _DOUBLED.fullmatch(written) and (half := written[::2]) in vocabulary.load().ranks:
        return Spelling(half, len(half) >= _SURE_LENGTH)
    options = [letters(character) for character in written]
    known = vocabulary.load()
    if not all(options) or not (word := known.spell(options)):
        return None
    held = len(written) - len(word)
    hostile = word in known.hostile
    if held and not (_is_doubled(written) or (hostile and (held > 1 or len(word) >= _SURE_LENGTH))):
        return None
    return _judge(written, word) if word != written else None


def _is_doubled(written: str) -> bool:
    """“yyoouu”: no letter stands alone."""
    return all(len(list(run)) > 1 for _, run in groupby(written))


def _judge(written: str, word: str) -> Spelling:
    hostile = word in vocabulary.load().hostile
    latin = sum(character.isascii() and character.isalpha() for character in written)
    if all(map(is_foreign, written)):
        return Spelling(word, hostile and len(word) >= _SURE_LENGTH, foreign=True)
    accents = sum(bool(without_accent(character)) for character in written)
    if accents and accents + latin == len(written):
        sure = word not in _BORROWED and accents > 1 and (hostile or len(word) > _SURE_LENGTH)
        return Spelling(word, sure, accented=True)
    if _NUMBER.fullmatch(written):
        return Spelling(word, hostile and latin > 1)
    numbered = _NUMBERED.fullmatch(written)
    if numbered and numbered[1] in vocabulary.load().ranks:
        return Spelling(word, sure=False)
    if written.isascii():
        shown = latin or len(set(written)) > 2  # noqa: PLR2004
        return Spelling(word, (hostile and bool(shown)) or (len(word) >= _SURE_LENGTH and latin > 1))
    return Spelling(word, hostile or len(word) > 2)  # noqa: PLR2004


def _joined(written: str) -> Spelling | None:
    """“i.d.i.o.t”, “id-iot”, “s!t!u!p!i!d”."""
    pieces = _pieces(written)
    if len(pieces) < 2:  # noqa: PLR2004
        return None
    options = [letters(character) for piece in pieces for character in piece]
    known = vocabulary.load()
    word = known.spell(options) if all(options) else None
    if not word or len(word) != len(options):
        return None
    hostile = word in known.hostile
    if all(len(piece) == 1 for piece in pieces):
        return Spelling(word, hostile or len(word) > _SURE_LENGTH)
    whole = all(vocabulary.is_word(piece, known) or piece.isdigit() for piece in pieces)
    if whole or len(word) < _SURE_LENGTH:
        return None
    return Spelling(word, hostile)


def _pieces(written: str) -> list[str]:
    between = written[1::2]
    if len(written) > 4 and len(set(between)) == 1 and not between[0].isalnum():  # noqa: PLR2004
        return list(written[::2])
    return [piece for piece in _PIECES.split(written) if piece]


def _in_pieces(written: str) -> Spelling | None:
    """“1d10t's”, “m0th3r-fuck3r”: several words in one token."""
    pieces = _JOINTS.split(written)
    if len(pieces) == 1:
        return None
    read_so = [_spelt(piece) if _may_hide(piece) else None for piece in pieces]
    found = [spelling for spelling in read_so if spelling]
    if not found:
        return None
    words = [spelling.word if spelling else piece for spelling, piece in zip(read_so, pieces, strict=True)]
    return Spelling(
        "".join(words),
        any(spelling.sure for spelling in found),
        any(spelling.foreign for spelling in found),
        any(spelling.accented for spelling in found),
    )


def _may_hide(piece: str) -> bool:
    return any(map(str.isalpha, piece)) and not is_ordinary(piece)


def _drawn(written: str) -> Spelling | None:
    r"""“|\|33|)”, “phuck”."""
    plain = _DRAWING.sub(lambda drawing: _DRAWN[drawing[0]], written)
    if plain == written:
        return None
    known = vocabulary.load()
    if plain in known.ranks:
        return Spelling(plain, plain in known.hostile or not written.isalpha())
    return _spelt(plain)


def _masked(token: str) -> Spelling | None:
    """“f*ck”, “s**t”, “*sshole”: the likeliest word worth hiding that fits what is shown."""
    written = token.strip(AROUND)
    if len(written) < 3 or not _MASK.search(written):  # noqa: PLR2004
        return None
    shown = sum(character.isalnum() for character in written)
    starred = written[:1].isalpha() and set(written[1:]) == {"*"}
    if shown < _SHOWN and not starred:
        return None
    if "***" in written:
        return _starred(*re.split(r"\*{3}", written, maxsplit=1))
    at = 0 if written[0].isalpha() else -1
    for word in _masks().get((len(written), at, written[at]), ()):
        if all(_MASK.fullmatch(c) or letter in letters(c) for letter, c in zip(word, written, strict=True)):
            return Spelling(word, sure=True)
    ordinary = vocabulary.load().spell([_ANY if _MASK.fullmatch(c) else letters(c) for c in written])
    return Spelling(ordinary, sure=False) if ordinary and len(ordinary) == len(written) else None


def _transcribed(token: str) -> Spelling | None:
    """Letter by letter, what no known word explains; among other disguises only."""
    written = token.strip(AROUND)
    pieces = _pieces(written)
    if len(pieces) > _SHOWN and all(len(piece) == 1 for piece in pieces):
        joined = "".join(pieces)
    else:
        joined = written[::2] if _DOUBLED.fullmatch(written) else written
    plain = "".join(letters(character)[:1] or character for character in joined)
    if plain == written or not _LETTERS.fullmatch(joined) or not plain.isalpha() or not plain.isascii():
        return None
    if _NUMBER.fullmatch(token) or _NUMBERED.fullmatch(token):
        return None
    accents = sum(bool(without_accent(character)) for character in joined)
    accented = all(without_accent(c) or (c.isascii() and c.isalpha()) for c in joined) and accents > 0
    hides = _hides_hostile(joined, plain) if len(joined) == len(written) else _hides_hostile("", plain)
    return Spelling(
        plain,
        sure=_switches(joined) > 1 or (hides and (not accented or accents > 1)),
        foreign=all(map(is_foreign, joined)),
        accented=accented,
    )


def _switches(written: str) -> int:
    """How often scripts change in a word; once is an ending (“SMSка”), or a symbol of science (“TNFα”)."""
    scripts = [script for script, _ in groupby(script_of(character) for character in written if character.isalpha())]
    foreign = sum(is_foreign(character) for character in written)
    return len(scripts) - 1 if foreign > 1 else 0


def _hides_hostile(written: str, plain: str) -> bool:
    """Whether a word worth hiding stands within `plain`, and not at the same place in what was written."""
    hostile = vocabulary.load().hostile
    longest = min(len(plain), vocabulary.LONGEST)
    places = ((start, end) for start in range(longest) for end in range(start + _SURE_LENGTH, longest + 1))
    return any(plain[start:end] in hostile and plain[start:end] != written[start:end] for start, end in places)


@lru_cache(maxsize=1024)
def _starred(start: str, end: str) -> Spelling | None:
    """“b***”: a normalised text has no more than three stars in a row, so they stand for three letters or more."""
    for word in vocabulary.load().hostile:
        missing = len(word) - len(start) - len(end)
        if _FEWEST_STARRED <= missing <= _MOST_STARRED and word.startswith(start) and word.endswith(end):
            return Spelling(word, sure=True)
    return None


@cache
def _masks() -> dict[tuple[int, int, str], list[str]]:
    """The hostile words by length and their first or last letter, the most frequent first."""
    words: defaultdict[tuple[int, int, str], list[str]] = defaultdict(list)
    for word in vocabulary.load().hostile:
        for at in (0, -1):
            words[len(word), at, word[at]].append(word)
    return dict(words)
