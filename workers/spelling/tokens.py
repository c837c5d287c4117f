"""What one token means when it is no ordinary token: figures and look-alikes for letters, held or masked letters."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from workers.spelling import vocabulary
from workers.spelling.lookalikes import core_of, is_foreign, letters, without_accent

# Addresses of the web, of mail and of files.
_ADDRESS = re.compile(
    r"://|^www\.|\w@[\w-]+\.\w|^[\w-]+(?:\.[\w-]+)+/|^/\w+/|\.(?:com|net|org|html?|php|py|js|pdf|jpe?g|png)$"
)
# “10th”, “5pm”, “100k”, “1.5gb”.
_NUMBER = re.compile(r"\W*\d[\d.,:/-]*[a-z%°]{0,3}\W*")
# “page5”, “windows10”.
_NUMBERED = re.compile(r"([a-z]{3,})\d+")
# Letters at a word's edge that are punctuation more often.
_LEFT_EDGES, _RIGHT_EDGES = "@$!|+(¡", "$!|+"
_AROUND = ".,;:!?…\"'“”‘’«»()[]{}"
_MASK = re.compile(r"[*#%&?^~.\-_=•■█×@$!+…]")
_PIECES = re.compile(r"[\W_]+")
_JOINTS = re.compile(r"(['’/.,;:…-]+)")
# Letters drawn with several characters; the longest first.
_DRAWN = {
    "|\\/|": "m", "/\\/\\": "m", "\\/\\/": "w", "|\\|": "n", "|_|": "u", "|-|": "h", "|<": "k", "|)": "d", "|>": "p",
    "|=": "f", "|3": "b", "/\\": "a", "\\/": "v", "()": "o", "vv": "w", "><": "x", "ph": "f",
}  # fmt: skip
_DRAWING = re.compile("|".join(map(re.escape, _DRAWN)))
# English words that are written with two accents or more.
_BORROWED = frozenset({"resume", "resumes", "protege", "proteges", "melee", "melees", "quebecois", "deja", "naivete"})
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


def read(token: str) -> Spelling | None:
    """Read a folded token without spaces; None for an ordinary one, and for one that means nothing."""
    if len(token) > _LONGEST or _ADDRESS.search(token):
        return None
    before, core, after = core_of(token)
    if variant := vocabulary.load().variants.get(core):
        return Spelling(variant, sure=True)
    if is_ordinary(core):
        found = next(filter(None, map(_hostile, _with_edges(before, core, after, plain=True))), None)
        return found or (_masked(token) if len(core) == 1 else None)
    for read_so in (_spelt, _joined, _in_pieces, _drawn):
        for variant in _with_edges(before, core, after, plain=False):
            if found := read_so(variant):
                return found
    return _drawn(token.strip(_AROUND)) or _masked(token)


def is_ordinary(core: str) -> bool:
    """Whether a token without its punctuation can stand in a text as it is."""
    known = vocabulary.load()
    return len(core) < 2 or core in known.ranks or all(piece in known.ranks for piece in re.split("['’]", core))  # noqa: PLR2004


def _with_edges(before: str, core: str, after: str, *, plain: bool) -> Iterator[str]:
    """The core, and with the symbols beside it that may be letters; without itself where it is plain."""
    lefts = [before[len(before) - size :] for size in range(min(len(before), 2) + 1)]
    rights = [after[:size] for size in range(min(len(after), 3) + 1)]
    right_edges = _RIGHT_EDGES.replace("!", "") if plain or core.isalpha() else _RIGHT_EDGES
    for left in lefts:
        for right in rights:
            if all(c in _LEFT_EDGES for c in left) and all(c in right_edges for c in right) and (left or right or not plain):
                yield left + core + right


def _hostile(written: str) -> Spelling | None:
    spelling = _spelt(written)
    return spelling if spelling and spelling.word in vocabulary.load().hostile else None


def _spelt(written: str) -> Spelling | None:
    options = [letters(character) for character in written]
    known = vocabulary.load()
    if not all(options) or not (word := known.spell(options)):
        return None
    held = len(written) - len(word)
    hostile = word in known.hostile
    if held and not (_is_doubled(word, held) or (hostile and (held > 1 or len(word) >= _SURE_LENGTH))):
        return None
    return _judge(written, word) if word != written else None


def _is_doubled(word: str, held: int) -> bool:
    """“yyoouu”: hardly any letter stands alone."""
    return held >= max(len(word) - 1, 2)


def _judge(written: str, word: str) -> Spelling:
    hostile = word in vocabulary.load().hostile
    latin = sum(character.isascii() and character.isalpha() for character in written)
    if all(map(is_foreign, written)):
        return Spelling(word, hostile and len(word) >= _SURE_LENGTH, foreign=True)
    accents = sum(bool(without_accent(character)) for character in written)
    if accents and accents + latin == len(written):
        sure = word not in _BORROWED and (hostile or (accents > 1 and len(word) > _SURE_LENGTH))
        return Spelling(word, sure, accented=True)
    if _NUMBER.fullmatch(written):
        return Spelling(word, hostile and latin > 1)
    numbered = _NUMBERED.fullmatch(written)
    if numbered and numbered[1] in vocabulary.load().ranks:
        return Spelling(word, sure=False)
    if written.isascii():
        return Spelling(word, (hostile and latin > 0) or (len(word) >= _SURE_LENGTH and latin > 1))
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
    fragments = sum(not vocabulary.is_word(piece, known) for piece in pieces)
    return Spelling(word, sure=True) if hostile and fragments and len(word) >= _SURE_LENGTH else None


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
    read_so = [None if not piece or is_ordinary(piece) else _spelt(piece) for piece in pieces]
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
    written = token.strip(_AROUND)
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
    return None


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
