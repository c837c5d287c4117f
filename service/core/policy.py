"""The rules of a site, and the decision that follows from them: a pure function of the evidence."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from service.core import text
from service.core.labels import SPAM, TOXICITY_LABELS, Scores

Label = Literal["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "spam"]
Probability = Annotated[float, Field(ge=0, le=1)]
# Something to look for besides spaces and stars, and no NUL, which PostgreSQL cannot store.
Entry = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*[^\x00\s*][^\x00]*$")]

DEFAULT_THRESHOLDS: dict[Label, float] = {
    "toxicity": 0.5,
    "severe_toxicity": 0.3,
    "obscene": 0.5,
    "threat": 0.2,
    "insult": 0.5,
    "identity_attack": 0.5,
    "spam": 0.7,
}

LABEL_WORDS: dict[str, str] = {
    "toxicity": "Toxicity",
    "severe_toxicity": "Severe toxicity",
    "obscene": "Obscene language",
    "threat": "Threat",
    "insult": "Insult",
    "identity_attack": "Attack on a group",
    "spam": "Spam",
}


class Decision(StrEnum):
    """What the machine may say. It never rejects: that is for a human."""

    APPROVE = "approve"
    HOLD = "hold"


class Policy(BaseModel):
    """A site's rules. What is not given keeps its default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    thresholds: dict[Label, Probability] = Field(
        default_factory=dict, description="A comment that scores this much or more on a label is held."
    )
    max_links: int = Field(2, ge=0, description="More links than this hold a comment.")
    held_words: list[Entry] = Field(
        default_factory=list,
        max_length=5000,
        description="Whole words or phrases that hold a comment, whatever their case. `word*` matches beginnings.",
    )
    trusted_authors: list[Entry] = Field(
        default_factory=list,
        max_length=5000,
        description="E-mail addresses or author ids that are never held as spam, for links or as newcomers.",
    )
    trust_after_approved: int | None = Field(
        None, ge=1, description="An author with this many approved comments counts as trusted."
    )
    hold_first_time_authors: bool = Field(False, description="Hold authors that have no approved comment yet.")

    def threshold(self, label: str) -> float:
        return {**DEFAULT_THRESHOLDS, **self.thresholds}[label]  # type: ignore[index]


class Signal(BaseModel):
    """A named piece of evidence for spam. Its weight adds to the log-odds; below 0 speaks against spam."""

    model_config = ConfigDict(frozen=True)
    name: str
    weight: float
    reason: str


@dataclass(frozen=True)
class Evidence:
    """All that a decision may rest on."""

    text: str  # normalised
    scores: Scores
    links: int = 0
    signals: Sequence[Signal] = ()
    author_names: frozenset[str] = frozenset()  # e-mail address and id, lower case
    author_approved: int = 0  # comments of this author that are approved now


class Span(BaseModel):
    """A part of the text that carried the decision. It counts Unicode code points of the text as it was sent."""

    model_config = ConfigDict(frozen=True)
    start: int = Field(ge=0)
    end: int = Field(ge=0, description="The first code point behind the span.")
    label: str = Field(
        description="What it carried: a label, or `held_word` or `rejected_word` for a word on the site's lists.",
        examples=["insult"],
    )
    weight: FiniteFloat = Field(description="What it added to the label's log-odds; 0 for a word on a list.")


class Verdict(BaseModel):
    """A decision and everything that explains it."""

    decision: Decision
    rule: str = Field(description="The first rule that held the comment; `none` when it was approved.")
    reasons: list[str] = Field(description="Every rule that fired, in words for a moderator.")
    # A score that is no number would be over no threshold, and PostgreSQL's JSON has none: better no verdict.
    scores: dict[str, FiniteFloat] = Field(default_factory=dict)
    signals: list[Signal] = Field(default_factory=list)
    engine: str | None = Field(None, description="Name and version of what scored the text.")
    policy_version: int | None = None
    spans: list[Span] = Field(
        default_factory=list,
        description="What in the text carried the decision, in order and without overlap; none for approved comments.",
    )
    latency_ms: FiniteFloat | None = Field(
        None,
        description="Scoring time of this comment in milliseconds: the time from the claim of its batch to the batch's"
        " verdicts, divided by the number of comments in the batch. The time in the queue is not in it: from"
        " submission to decision a comment took `decided_at` - `created_at`.",
    )


def decide(policy: Policy, evidence: Evidence) -> Verdict:
    """Hold when any rule fires; the first one in the order of `RULES` names the verdict."""
    fired = [(rule, reason) for rule, reasons in RULES for reason in reasons(policy, evidence)]
    return Verdict(
        decision=Decision.HOLD if fired else Decision.APPROVE,
        rule=fired[0][0] if fired else "none",
        reasons=[reason for _, reason in fired],
        scores=evidence.scores,
        signals=list(evidence.signals),
    )


def unscored(reason: str) -> Verdict:
    """The verdict when scoring has failed or is late: a human decides."""
    return Verdict(decision=Decision.HOLD, rule="unscored", reasons=[reason])


def _held_words(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if policy.held_words:
        for word in sorted(_find(_index(tuple(policy.held_words)), evidence.text)):
            yield f"Contains “{word}”, which is on this site's word list."


def _toxicity(policy: Policy, evidence: Evidence) -> Iterator[str]:
    return (reason for label in TOXICITY_LABELS for reason in _over(policy, evidence, label))


def _spam(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if _is_trusted(policy, evidence):
        return
    for reason in _over(policy, evidence, SPAM):
        yield reason
        yield from (signal.reason for signal in evidence.signals if signal.weight > 0)


def _links(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if evidence.links > policy.max_links and not _is_trusted(policy, evidence):
        yield f"{evidence.links} links; this site allows {policy.max_links}."


def _first_time(policy: Policy, evidence: Evidence) -> Iterator[str]:
    newcomer = evidence.author_approved == 0 and not _is_trusted(policy, evidence)
    if policy.hold_first_time_authors and newcomer:
        yield "The author's first comment here."


Rule = Callable[[Policy, Evidence], Iterator[str]]

# Abuse counts whoever writes it; trust only answers "is this spam?".
RULES: tuple[tuple[str, Rule], ...] = (
    ("held_word", _held_words),
    ("toxicity", _toxicity),
    ("spam", _spam),
    ("links", _links),
    ("first_time_author", _first_time),
)


def _over(policy: Policy, evidence: Evidence, label: str) -> Iterator[str]:
    score, threshold = evidence.scores[label], policy.threshold(label)
    if score >= threshold:
        yield f"{LABEL_WORDS[label]}: {score:.0%}, held from {threshold:.0%} on."


def _is_trusted(policy: Policy, evidence: Evidence) -> bool:
    named = not evidence.author_names.isdisjoint(name.casefold() for name in policy.trusted_authors)
    earned = policy.trust_after_approved is not None and evidence.author_approved >= policy.trust_after_approved
    return named or earned


# Scripts without spaces between words: there a word may begin and end anywhere.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# “specialist” does not contain “cialis”: no edge between two letters.
_EDGE = re.compile(rf"(?<!\w)|(?!\w)|(?<=[{_UNSPACED}])|(?=[{_UNSPACED}])")


@lru_cache(maxsize=64)
def _index(words: tuple[str, ...]) -> dict[int, dict[str, bool]]:
    """By length: each word, spelt as evidence is, and whether it matches beginnings as well."""
    index: dict[int, dict[str, bool]] = {}
    for word in words:
        # A word of nothing but invisible characters would stand everywhere.
        if stem := text.normalise(word.removesuffix("*")):
            stems = index.setdefault(len(stem), {})
            stems[stem] = stems.get(stem, False) or word.endswith("*")
    return index


def _find(index: dict[int, dict[str, bool]], shown: str) -> set[str]:
    """The words of the index that stand in the text; of a `word*`, its beginning.

    Looked up by length at each edge: one pattern of thousands of alternatives takes half a minute for a hostile text.
    """
    found = set()
    for edge in _EDGE.finditer(shown):
        start = edge.start()
        for length, stems in index.items():
            end = start + length
            stem = shown[start:end]
            if stem in stems and (stems[stem] or _EDGE.match(shown, end)):
                found.add(stem)
    return found
