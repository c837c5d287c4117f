"""Disguises a text in the ways that writers get past filters with, and measures how many are still detected.

Every method is deterministic. None of them shares a table with what undoes disguises.
"""
# ruff: noqa: RUF001 - look-alike letters are what this file is about.

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from service.core.labels import TOXICITY_LABELS
from workers.training.corpora import Corpus

Method = Callable[[str, Random], str]  # disguises one word
Score = Callable[[Sequence[str]], Sequence[float]]  # the toxicity of each text

HOLD_AT = 0.5
ROWS = 500
# Of the words of a text, chosen at random: so many are disguised.
STRENGTHS = (0.5, 1.0)

_WORD = re.compile(r"[^\W\d_]+")
_INVISIBLE = "\u200b\u200c\u200d\u00ad\u2060\ufeff\u2063\u180e\U000e0041"
_BIDI = "\u200e\u200f\u202a\u202b\u202d\u2066\u2067\u2068"
_CYRILLIC = dict(zip("aceijopsxyhkmtbn", "асеіјорѕхуһкмтвп", strict=True))
_CAPITALS = dict(zip("abcehikmoptxy", "АВСЕНІКМОРТХУ", strict=True))
_GREEK = dict(zip("aeiknoptuvxy", "αεικηορτυνχγ", strict=True))
_EXOTIC = dict(zip("abcdefghijklmnopqrstuvwxyz", "ᎪᏏᏟᎠᎬҒᏀᎻᎥᎫᏦᏞᎷΝՕᏢԚᏒՏᎢՍᏙᎳХᎩᏃ", strict=True))
_SMALL = dict(zip("abcdefghijklmnoprtuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀᴛᴜᴠᴡʏᴢ", strict=True))
_TURNED = dict(zip("abcdefghijklmnopqrtuvwy", "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹʇnʌʍʎ", strict=True))
_FIGURES = dict(zip("aeiostbg", "43105789", strict=True))
_SIGNS = dict(zip("aeilosth", "@€!|0$+#", strict=True))
_FEW = dict(zip("aeio", "@310", strict=True))
_ACCENTS = (
    "\u0300",
    "\u0301",
    "\u0302",
    "\u0303",
    "\u0308",
    "\u030a",
    "\u0327",
    "\u0328",
    "\u030c",
    "\u0307",
    "\u0323",
)
_STROKES = ("\u0334", "\u0335", "\u0336", "\u0337", "\u0338", "\u0332", "\u20e3", "\u0489")


def _replace(table: Mapping[str, str], share: float = 1.0) -> Method:
    def replace(word: str, random: Random) -> str:
        return "".join(table.get(c, c) if random.random() < share else c for c in word.lower())

    return replace


def _alphabet(first: int) -> Method:
    """One of Unicode's further alphabets, in which the letters are in order from `first` on."""
    return _replace({letter: chr(first + place) for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz")})


def _between(fillers: Sequence[str], *, always: bool = True) -> Method:
    def fill(word: str, random: Random) -> str:
        parts = (c + (random.choice(fillers) if always or random.random() < 0.4 else "") for c in word[:-1])  # noqa: PLR2004
        return "".join(parts) + word[-1]

    return fill


def _marked(marks: Sequence[str], most: int) -> Method:
    def mark(word: str, random: Random) -> str:
        stacked = (c + "".join(random.choices(marks, k=random.randint(1, most))) for c in word)
        return unicodedata.normalize("NFC", "".join(stacked))

    return mark


def _doubled(word: str, _: Random) -> str:
    return "".join(c + c for c in word)


def _held(word: str, random: Random) -> str:
    at = random.randrange(len(word))
    return word[:at] + word[at] * random.randint(3, 7) + word[at + 1 :]


def _masked(mask: str) -> Method:
    def cover(word: str, random: Random) -> str:
        inside = [at for at in range(1, len(word) - 1) if word[at] in "aeiouAEIOU"] or [len(word) // 2]
        at = random.choice(inside)
        return word[:at] + mask + word[at + 1 :] if len(word) > 3 else word  # noqa: PLR2004

    return cover


def _broken(mark: str) -> Method:
    def part(word: str, random: Random) -> str:
        at = random.randint(1, max(len(word) - 1, 1))
        return word[:at] + mark + word[at:] if len(word) > 3 else word  # noqa: PLR2004

    return part


def _overridden(word: str, _: Random) -> str:
    return f"\u202e{word[::-1]}\u202c"


FAMILIES: dict[str, dict[str, Method]] = {
    "zero width": {"between all": _between(_INVISIBLE), "between some": _between(_INVISIBLE, always=False)},
    "homoglyphs": {
        "cyrillic": _replace(_CYRILLIC),
        "cyrillic, some": _replace(_CYRILLIC, 0.5),
        "cyrillic capitals": _replace(_CAPITALS),
        "greek": _replace(_GREEK),
        "exotic": _replace(_EXOTIC),
        "exotic, some": _replace(_EXOTIC, 0.5),
        "small capitals": _replace(_SMALL),
    },
    "full width": {
        "full width": _alphabet(0xFF41),
        "mathematical bold": _alphabet(0x1D41A),
        "mathematical sans": _alphabet(0x1D5BA),
        "circled": _alphabet(0x24D0),
        "parenthesised": _alphabet(0x249C),
        "squared": _alphabet(0x1F130),
        "black squared": _alphabet(0x1F170),
        "regional": _alphabet(0x1F1E6),
    },
    "leetspeak": {
        "figures": _replace(_FIGURES),
        "signs": _replace(_SIGNS),
        "vowels": _replace(_FEW),
        "both, some": _replace(_FIGURES | {"a": "@", "s": "$", "i": "!"}, 0.5),
    },
    "spaced letters": {
        "spaces": _between(" "),
        "dots": _between("."),
        "hyphens": _between("-"),
        "underscores": _between("_"),
        "stars": _between("*"),
        "dots and spaces": _between([". "]),
    },
    "combining marks": {
        "accents": _marked(_ACCENTS, 1),
        "strokes": _marked(_STROKES, 1),
        "stacks": _marked(_ACCENTS + _STROKES, 6),
    },
    "bidi": {
        "override": _overridden,
        "marks": _between(_BIDI),
        "stray override": _between(["", "", "\u202e", "\u202c"]),
    },
    "held letters": {"doubled": _doubled, "held": _held},
    "masked": {"star": _masked("*"), "hash": _masked("#"), "hyphen": _masked("-"), "dot": _masked(".")},
    "broken": {"space": _broken(" "), "dot": _broken("."), "hyphen": _broken("-"), "zero width": _broken("\u200b")},
}


@dataclass(frozen=True)
class Variant:
    family: str
    method: str
    strength: float
    text: str


def variants(text: str, seed: int = 0) -> list[Variant]:
    """Every method at every strength, whole texts that are turned, and mixtures of two families."""
    made = [
        Variant(family, name, strength, _apply([method], text, strength, Random(f"{seed} {name} {strength}")))  # noqa: S311 - a fixed seed
        for family, methods in FAMILIES.items()
        for name, method in methods.items()
        for strength in STRENGTHS
    ]
    return [*made, *_turned(text), *_mixed(text, seed)]


def _turned(text: str) -> list[Variant]:
    flipped = "".join(_TURNED.get(c, c) for c in reversed(text.lower()))
    wide = re.sub(r"(?<=\S)(?=\S)", " ", re.sub(r"\s+", "   ", text))
    return [
        Variant("turned", "upside down", 1.0, flipped),
        Variant("turned", "override of the text", 1.0, f"\u202e{text[::-1]}\u202c"),
        Variant("turned", "backwards", 1.0, text[::-1]),
        Variant("spaced letters", "wide gaps between words", 1.0, wide),
    ]


def _mixed(text: str, seed: int) -> list[Variant]:
    """A first method that replaces letters, then one that puts something between or over them."""
    made = []
    for first, second in (
        ("leetspeak", "zero width"),
        ("homoglyphs", "zero width"),
        ("leetspeak", "spaced letters"),
        ("homoglyphs", "combining marks"),
        ("leetspeak", "homoglyphs"),
        ("homoglyphs", "bidi"),
    ):
        random = Random(f"{seed} {first} {second}")  # noqa: S311 - a fixed seed
        methods = [random.choice(list(FAMILIES[family].values())) for family in (first, second)]
        made.append(Variant("mixed", f"{first}, {second}", 1.0, _apply(methods, text, 1.0, random)))
    return made


def _apply(methods: Sequence[Method], text: str, strength: float, random: Random) -> str:
    def disguise(match: re.Match[str]) -> str:
        word = match[0]
        if len(word) > 1 and random.random() < strength:
            for method in methods:
                word = method(word, random)
        return word

    return _WORD.sub(disguise, text)


def detected(corpus: Corpus, score: Score, rows: int = ROWS) -> list[str]:
    """Held-out toxic texts that an engine detects as they are, spread over the corpus."""
    toxic = corpus.truth[:, TOXICITY_LABELS.index("toxicity")] == 1
    texts = corpus.take(toxic & corpus.held_out).texts
    found = [text for text, value in zip(texts, score(texts), strict=True) if value >= HOLD_AT]
    Random(0).shuffle(found)  # noqa: S311 - a fixed seed
    return found[:rows]


def measure(texts: Sequence[str], score: Score) -> dict[tuple[str, str], float]:
    """The share that is still detected, for each family and method, and for each family over `all` its methods."""
    held: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for seed, text in enumerate(texts):
        made = variants(text, seed)
        for variant, value in zip(made, score([variant.text for variant in made]), strict=True):
            for method in (variant.method, "all"):
                held[variant.family, method].append(value >= HOLD_AT)
    return {key: round(sum(each) / len(each), 4) for key, each in held.items()}


def table(before: Mapping[tuple[str, str], float], after: Mapping[tuple[str, str], float]) -> str:
    lines = ["| family | method | normalised only | unveiled too |", "|---|---|---:|---:|"]
    lines += [
        f"| {family} | {method} | {before[family, method]:.1%} | {after[family, method]:.1%} |"
        for family, method in sorted(after)
    ]
    return "\n".join(lines)
