"""From comments to verdicts: what reads the text, what else was seen, and the site's rules. No database."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from service.core import policy
from service.core.labels import SPAM, Scores
from service.core.models import Comment
from service.core.policy import Evidence, Policy, Signal, Verdict
from workers import reading, signals
from workers.engines.engine import Engine
from workers.reading import Reading
from workers.signals import links
from workers.signals.signal import History, Sighting

# The text model comes from YouTube and SMS, far from blogs: half its log-odds count, within limits, and its even prior
# gives way to one spam comment in four. So text alone holds nothing, and tips the balance of what else there is.
_TEXT_WEIGHT = 0.5
_TEXT_LIMIT = 3.0
_PRIOR = -1.0


class SpamModel(Protocol):
    @property
    def version(self) -> str: ...

    def log_odds(self, texts: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True)
class Scorer:
    """What reads the text: an engine for toxicity and a model for spam."""

    engine: Engine
    spam: SpamModel

    @property
    def label(self) -> str:
        return f"{self.engine.name} {self.engine.version}, spam {self.spam.version}"


@dataclass(frozen=True)
class Case:
    """A comment with all that its decision needs."""

    comment: Comment
    policy_version: int
    policy: Policy
    history: History


def judge(scorer: Scorer, cases: Sequence[Case]) -> list[Verdict]:
    """Give a verdict for each case, in order. Raises whatever the engine raises."""
    readings = [reading.read(case.comment.text) for case in cases]
    toxicity = scorer.engine.score([read.shown for read in readings])
    # Links have their own signals; the text model would count them again.
    spam = scorer.spam.log_odds([links.without(read.shown) for read in readings])
    return [
        _verdict(case, read, scores, log_odds, scorer.label)
        for case, read, scores, log_odds in zip(cases, readings, toxicity, spam, strict=True)
    ]


def _verdict(case: Case, read: Reading, scores: Scores, log_odds: float, engine: str) -> Verdict:
    seen = signals.collect(Sighting(case.comment, read.normalised, case.history))
    evidence = _evidence(case, read, {**scores, SPAM: _spam(log_odds, seen)}, seen)
    verdict = policy.decide(case.policy, evidence)
    return verdict.model_copy(update={"engine": engine, "policy_version": case.policy_version})


def _evidence(case: Case, read: Reading, scores: Scores, seen: Sequence[Signal]) -> Evidence:
    names = {name.casefold() for name in (case.comment.author_email, case.comment.author_id) if name}
    return Evidence(
        text=read.normalised,
        scores={label: round(score, 4) for label, score in scores.items()},
        links=links.count(case.comment.text),
        signals=seen,
        author_names=frozenset(names),
        author_approved=case.history.author_approved,
    )


def _spam(log_odds: float, seen: Sequence[Signal]) -> float:
    """The prior, the text and the signals, added up as log-odds."""
    text = _TEXT_WEIGHT * max(-_TEXT_LIMIT, min(_TEXT_LIMIT, log_odds))
    total = _PRIOR + text + sum(signal.weight for signal in seen)
    return 1 / (1 + math.exp(-total))
