"""The copy of a comment's text that is scored and compared, freed of disguises; what people read stays as it came."""

import hashlib
import re
import unicodedata

# A run of one character says no more past this: "nooooo" is "nooo".
LONGEST_RUN = 3
# Burmese and Tibetan syllables carry this many marks; only "Zalgo" text stacks more.
MOST_MARKS = 4

# Above this plane's end no character is a mark, but for variation selectors, which are dropped anyway.
_MARKS_END = 0x20000
# Marks of no script of their own. What NFKC could not join to a letter is decoration: a strike through, a stack.
_LOOSE_MARKS = "\u0488\u0489\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
# Half-width voiced marks: letters by category, but NFKC turns them into marks.
_HALF_WIDTH_MARKS = "\uff9e\uff9f"
# Invisible, though Unicode calls them letters and marks: Hangul fillers, joiners, variation selectors.
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"


def normalise(text: str) -> str:
    """Bring look-alike spellings of one text together. Takes any string; linear in its length."""
    return " ".join(fold(text).split())


def fold(text: str) -> str:
    """Normalise all but the spaces."""
    text = _fold_ascii(text) if text.isascii() else _fold(text)
    # Most texts have no run, and looking costs half of replacing.
    return _RUN.sub(r"\1" * LONGEST_RUN, text) if _RUN.search(text) else text


def fingerprint(text: str) -> int:
    """Hash the normalised text into a signed 64-bit integer, the same on every machine and in every run."""
    digest = hashlib.blake2b(normalise(text).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _fold_ascii(text: str) -> str:
    # Bytes lose characters ten times as fast as strings do.
    return text.encode().translate(None, _ASCII_CONTROLS).lower().decode()


def _fold(text: str) -> str:
    if _USUAL.fullmatch(text):
        return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = _INVISIBLE.sub("", text)
    # Before NFKC, which sorts the marks of one letter in quadratic time.
    text = _STACK.sub(lambda marks: marks[0][:MOST_MARKS], text)
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return _DECORATION.sub("", text)


def _ranges(categories: set[str]) -> str:
    """Spell the code points of some categories as the inside of a regular expression's set."""
    runs = re.finditer(f"(?:{'|'.join(categories)})+", _CATEGORIES)
    return "".join(f"\\U{run.start() // 2:08x}-\\U{run.end() // 2 - 1:08x}" for run in runs)


# Two letters each, the second a small one: a name is found where it begins, and nowhere else.
_CATEGORIES = "".join(map(unicodedata.category, map(chr, range(_MARKS_END))))
# Control and format characters and lone surrogates; the spaces among the controls stay, to be collapsed.
_ASCII_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x1C), 0x7F])
_CONTROLS = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_FORMATS = _ranges({"Cf"}) + "\U000e0000-\U000e007f"
_INVISIBLE = re.compile(f"[{_CONTROLS}{_FORMATS}{_BLANKS}\ud800-\udfff]+")
_MARKS = _ranges({"Mn", "Mc", "Me"}) + _HALF_WIDTH_MARKS
# The look ahead passes Latin letters by quickly.
_STACK = re.compile(f"(?=[\u0300-\U0010ffff])[{_MARKS}]{{{MOST_MARKS + 1},}}")
_DECORATION = re.compile(f"[{_LOOSE_MARKS}]+")
_RUN = re.compile(r"(.)" + r"\1" * LONGEST_RUN + "+")
# ASCII without controls, the letters of Latin-1 and typographic punctuation: nothing in them is invisible or a mark.
_USUAL = re.compile("[\t-\r -~\xa0\xc0-\xff\u2013\u2014\u2018\u2019\u201c\u201d\u2026\u20ac]+")
