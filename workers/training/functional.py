"""Labelled sentences for what a comment does: hate that carries no swear word, and harmless use of the same names.

The idea of functional tests is HateCheck's (Röttger et al., 2021); our own sentences are in `sentences/`, one a line.
Learnt and measured share no frame, opener or prose; both use every name.
Many sentences are vile: a model that is to protect people from them must have read some.
"""

import re
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, cycle, islice
from pathlib import Path
from random import Random

from service.core.labels import TOXICITY_LABELS
from workers.training import templates

SENTENCES = Path(__file__).with_name("sentences")
# Sentences with and as many without hate: every frame is learnt with about a dozen names.
LEARNT_PER_NAME = 45

_HEADING = re.compile(r"\[(?P<kind>[a-z-]+)(?: for (?P<families>[a-z ]+))?(?:: (?P<labels>[a-z_ ]+))?\]")
# Where the shares of lower case, of typos, of openers and of prose around the sentence end; the rest stays as it is.
_STYLES = (0.12, 0.2, 0.32, 0.5)
_LOWER, _MISTYPED, _OPENED, _EMBEDDED = range(len(_STYLES))
_TYPOS = {
    "the": "teh",
    "their": "thier",
    "because": "becuase",
    "people": "poeple",
    "you are": "your",
    "really": "realy",
}


@dataclass(frozen=True)
class Case:
    """A sentence; `labels` is empty when it is harmless, `name` (as in `templates`) when it names no group."""

    text: str
    labels: frozenset[str]
    kind: str
    name: str


@dataclass(frozen=True)
class Name:
    """The forms of a name that sentences need; `family` says what sort of group it is."""

    adjective: str
    family: str
    plurals: tuple[str, ...]
    singular: str

    def fill(self, sentence: str, turn: int) -> str:
        """Put the forms in: {p} plural, {n} noun, {a} adjective, {s} and {an} the last two with their article."""
        forms = {"p": self.plurals[turn % len(self.plurals)], "n": self.singular, "a": self.adjective}
        forms |= {"s": _with_article(self.singular), "an": _with_article(self.adjective)}
        capital = {key.capitalize(): form[0].upper() + form[1:] for key, form in forms.items()}
        return sentence.format(**forms, **capital)


@dataclass(frozen=True)
class Frame:
    """A sentence with gaps for a name, or without any; `families` is empty when it suits every name."""

    sentence: str
    labels: frozenset[str]
    kind: str
    families: frozenset[str]

    @property
    def names_a_group(self) -> bool:
        return "{" in self.sentence

    def suits(self, name: Name) -> bool:
        return not self.families or name.family in self.families


def learnt() -> list[Case]:
    """Sentences to train on, each name equally often with and without hate."""
    return _cases("learnt", LEARNT_PER_NAME, repeats=3)


def measured() -> list[Case]:
    """Other sentences, every one with every name, so that names can be compared."""
    return _cases("measured", None, repeats=1)


def names() -> list[Name]:
    """Every name of `templates`, with its forms."""
    rows = (line.split(" | ") for line in _lines("names"))
    forms = {row[0]: Name(row[0], row[1], tuple(row[2].split(", ")), row[3]) for row in rows}
    return [forms[name] for name in (*templates.NATIONS.values(), *templates.GROUPS)]


def frames(split: str) -> list[Frame]:
    return [frame for side in ("hateful", "personal", "harmless") for frame in _frames(f"{split}_{side}")]


def _cases(split: str, per_name: int | None, repeats: int) -> list[Case]:
    random = Random(split)  # noqa: S311 - a fixed seed, so that training can be repeated
    known = frames(split)
    random.shuffle(known)
    named = [frame for frame in known if frame.names_a_group]
    plain = chain(
        _in_turn([frame for frame in named if frame.labels], per_name),
        _in_turn([frame for frame in named if not frame.labels], per_name),
        (_nameless(frame) for frame in known if not frame.names_a_group for _ in range(repeats)),
    )
    return list(dict.fromkeys(replace(case, text=_speak(case.text, split, random)) for case in plain))


def _in_turn(known: Sequence[Frame], per_name: int | None) -> Iterator[Case]:
    turns = cycle(known)
    for name in names():
        suiting = (frame for frame in turns if frame.suits(name))
        for turn, frame in enumerate(islice(suiting, per_name or len(known))):
            yield Case(name.fill(frame.sentence, turn), _labels(frame, name), frame.kind, name.adjective)


def _nameless(frame: Frame) -> Case:
    return Case(frame.sentence, frame.labels, frame.kind, "")


def _labels(frame: Frame, name: Name) -> frozenset[str]:
    """A political or chosen group is insulted; raters do not call that an attack on an identity."""
    if name.family == "conviction" and "identity_attack" in frame.labels:
        return frame.labels - {"identity_attack"} | {"insult"}
    return frame.labels


def _speak(text: str, split: str, random: Random) -> str:
    """Say it as people write comments."""
    prose = _lines(f"{split}_prose")
    style = bisect(_STYLES, random.random())
    if style == _LOWER:
        return text.lower()
    if style == _MISTYPED:
        return _mistype(text.rstrip(".!"))
    if style == _OPENED:
        return f"{random.choice(_lines(f'{split}_openers'))} {text}"
    if style == _EMBEDDED:
        before, after = random.sample(prose, random.randint(0, 2)), random.sample(prose, random.randint(1, 2))
        return " ".join((*before, text, *after))
    return text


def _mistype(text: str) -> str:
    for right, wrong in _TYPOS.items():
        text = re.sub(rf"\b{right}\b", wrong, text, count=1)
    return text


@cache
def _frames(file: str) -> tuple[Frame, ...]:
    """Read a file of sections: a heading `[kind for families: labels]`, then a frame a line."""
    found, kind, families, labels = [], "", frozenset[str](), frozenset[str]()
    for line in _lines(file):
        if heading := _HEADING.fullmatch(line):
            kind = heading["kind"]
            families, labels = (frozenset((heading[part] or "").split()) for part in ("families", "labels"))
            if not labels <= {*TOXICITY_LABELS}:
                raise ValueError(f"{file}: unknown label in {line}.")
        else:
            found.append(Frame(line, labels, kind, families))
    return tuple(found)


@cache
def _lines(file: str) -> tuple[str, ...]:
    lines = (SENTENCES / f"{file}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _with_article(noun: str) -> str:
    sounds_like_a_vowel = noun[0].lower() in "aeiou" and not noun.startswith(("Eu", "Uk"))
    return f"{'an' if sounds_like_a_vowel else 'a'} {noun}"
