"""Labelled sentences for what a comment does rather than for its words: hate without a swear word, and harmless uses of the same names.

The idea of functional tests is HateCheck's (Röttger et al., 2021); the sentences are our own, one frame a line in `sentences/`.
Learnt and measured share no frame, opener or prose, and every fifth name of `templates` is measured only.
Many sentences are vile: a model that is to protect people from them must have read some.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, cycle, islice
from pathlib import Path
from random import Random

from service.core.labels import TOXICITY_LABELS
from workers.training import templates

SENTENCES = Path(__file__).with_name("sentences")
# Enough to pass over every frame about twenty times, and to tell one false hold in sixty.
LEARNT_PER_NAME = 45
MEASURED_PER_NAME = 60
_HEADER = re.compile(r"\[(?P<kind>[a-z-]+)(?: for (?P<families>[a-z ]+))?(?:: (?P<labels>[a-z_ ]+))?\]")
_TYPOS = {"the": "teh", "their": "thier", "because": "becuase", "people": "poeple", "you are": "your", "really": "realy"}


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
    country: str

    def forms(self, turn: int) -> dict[str, str]:
        plural = self.plurals[turn % len(self.plurals)]
        forms = {"p": plural, "n": self.singular, "a": self.adjective, "c": self.country}
        forms |= {"s": _with_article(self.singular), "an": _with_article(self.adjective)}
        return forms | {key.capitalize(): form[:1].upper() + form[1:] for key, form in forms.items()}


@dataclass(frozen=True)
class Frame:
    sentence: str
    labels: frozenset[str]
    kind: str
    families: frozenset[str]

    @property
    def names_a_group(self) -> bool:
        return "{" in self.sentence

    def suits(self, name: Name) -> bool:
        return (not self.families or name.family in self.families) and ("{c}" not in self.sentence or bool(name.country))


def names() -> list[Name]:
    """Every name of `templates`, with its forms."""
    rows = (line.split(" | ") for line in _lines("names"))
    forms = {adjective: (family, tuple(plurals.split(", ")), singular) for adjective, family, plurals, singular in rows}
    countries = {adjective: country for country, adjective in templates.NATIONS.items()}
    return [Name(name, *forms[name], countries.get(name, "")) for name in (*countries, *templates.GROUPS)]


def learnt_names() -> list[Name]:
    known = {*templates.learnt_names()}
    return [name for name in names() if name.adjective in known]


def learnt(chosen: Sequence[Name] | None = None) -> list[Case]:
    """Sentences to train on, each name equally often with and without hate; by default without the held-out names."""
    return _cases("learnt", learnt_names() if chosen is None else chosen, LEARNT_PER_NAME, repeats=3)


def measured() -> list[Case]:
    """Other sentences, with every name."""
    return _cases("measured", names(), MEASURED_PER_NAME, repeats=1)


def frames(split: str) -> list[Frame]:
    return [frame for side in ("hateful", "personal", "harmless") for frame in _frames(f"{split}_{side}")]


def _cases(split: str, chosen: Sequence[Name], per_name: int, repeats: int) -> list[Case]:
    random = Random(split)  # noqa: S311 - a fixed seed, so that training can be repeated
    known = frames(split)
    random.shuffle(known)
    named = [frame for frame in known if frame.names_a_group]
    attacks = [frame for frame in named if frame.labels]
    harmless = [frame for frame in named if not frame.labels]
    nameless = [frame for frame in known if not frame.names_a_group]
    plain = chain(
        _in_turn(attacks, chosen, per_name),
        _in_turn(harmless, chosen, per_name),
        (Case(frame.sentence, frame.labels, frame.kind, "") for frame in nameless for _ in range(repeats)),
    )
    return list(dict.fromkeys(_spoken(case, split, random) for case in plain))


def _in_turn(known: Sequence[Frame], chosen: Sequence[Name], per_name: int) -> Iterator[Case]:
    turns = cycle(known)
    for name in chosen:
        suiting = (frame for frame in turns if frame.suits(name))
        for turn, frame in enumerate(islice(suiting, per_name)):
            yield Case(frame.sentence.format(**name.forms(turn)), _labels(frame, name), frame.kind, name.adjective)


def _labels(frame: Frame, name: Name) -> frozenset[str]:
    """A political or chosen group is insulted; raters do not call that an attack on an identity."""
    if name.family == "conviction" and "identity_attack" in frame.labels:
        return frame.labels - {"identity_attack"} | {"insult"}
    return frame.labels


def _spoken(case: Case, split: str, random: Random) -> Case:
    """Say it as people write comments: half as it stands, else lower case, with a typo, an opener or prose around it."""
    openers, prose = _lines(f"{split}_openers"), _lines(f"{split}_prose")
    text = case.text
    style = random.random()
    if style < 0.12:
        text = text.lower()
    elif style < 0.2:
        text = _mistyped(text.rstrip(".!"))
    elif style < 0.32:
        text = f"{random.choice(openers)} {text}"
    elif style < 0.5:
        before, after = random.sample(prose, random.randint(0, 2)), random.sample(prose, random.randint(1, 2))
        text = " ".join((*before, text, *after))
    return Case(text, case.labels, case.kind, case.name)


def _mistyped(text: str) -> str:
    for right, wrong in _TYPOS.items():
        text = re.sub(rf"\b{right}\b", wrong, text, count=1)
    return text


@cache
def _frames(file: str) -> tuple[Frame, ...]:
    found, header = [], _HEADER.fullmatch("[none]")
    for line in _lines(file):
        if line.startswith("["):
            header = _HEADER.fullmatch(line)
            continue
        if header is None:
            raise ValueError(f"{file}: no section heading before {line!r}.")
        labels, families = (frozenset((header[part] or "").split()) for part in ("labels", "families"))
        if not labels <= {*TOXICITY_LABELS}:
            raise ValueError(f"{file}: unknown label in {header[0]}.")
        found.append(Frame(line, labels, header["kind"], families))
    return tuple(found)


@cache
def _lines(file: str) -> tuple[str, ...]:
    lines = (SENTENCES / f"{file}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


def _with_article(noun: str) -> str:
    sounds_like_a_vowel = noun[0].lower() in "aeiou" and not noun.startswith(("Eu", "Uk"))
    return f"{'an' if sounds_like_a_vowel else 'a'} {noun}"
