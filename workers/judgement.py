"""From comments to verdicts: what reads the text, what else was seen, and the site's rules. No database."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from service.core import policy
from service.core.labels import SPAM, Scores
from service.core.models import Comment
from service.core.policy import Evidence, Policy, Signal, Verdict
from workers import reading, signals, spam, spans
from workers.engines.engine import Engine
from workers.engines.linear import LinearModel
from workers.learning import shifts
from workers.learning.model import Model
from workers.reading import Reading
from workers.signals import addresses
from workers.signals.signal import History, Sighting


class SpamModel(Protocol):
    @property
    def version(self) -> str: ...

    def log_odds(self, texts: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True)
class Scorer:
    """What reads the text: an engine, and a text model for spam; and an engine on trial, which decides nothing."""

    engine: Engine
    spam: SpamModel
    shadow: Engine | None = None

    attribution: LinearModel | None = None  # tells which words carried a verdict

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
    learned: Model = field(default_factory=Model)


def judge(scorer: Scorer, cases: Sequence[Case]) -> list[Verdict]:
    """Give a verdict for each case, in order. Raises whatever the engine raises."""
    readings = [reading.read(case.comment.text, case.comment.language) for case in cases]
    scored = _score(scorer.engine, readings)
    spam_odds = scorer.spam.log_odds([addresses.spelt_out(case.comment.text) for case in cases])
    verdicts = [
        _verdict(case, read, scores, log_odds, scorer)
        for case, read, scores, log_odds in zip(cases, readings, scored, spam_odds, strict=True)
    ]
    return [
        spans.explain(scorer.attribution, case.comment.text, read, case.policy, verdict)
        for case, read, verdict in zip(cases, readings, verdicts, strict=True)
    ]


def _score(engine: Engine, readings: Sequence[Reading]) -> list[Scores]:
    """Score the texts and, in the same batch, the disguised ones unveiled: for each label the higher score counts."""
    disguised = [read for read in readings if read.is_disguised]
    scores = engine.score([*(read.shown for read in readings), *(read.unveiled for read in disguised)])
    unveiled = iter(scores[len(readings) :])
    return [
        _higher(shown, next(unveiled)) if read.is_disguised else shown
        for read, shown in zip(readings, scores[: len(readings)], strict=True)
    ]


def _higher(one: Scores, other: Scores) -> Scores:
    """A label that only one of the two has keeps its score."""
    return {label: max(one.get(label, 0.0), other.get(label, 0.0)) for label in {**one, **other}}


def _verdict(case: Case, read: Reading, scores: Scores, log_odds: float, scorer: Scorer) -> Verdict:
    seen = signals.collect(
        Sighting(case.comment, read.normalised, case.history, read.language, read.disguises, read.searched)
    )
    before = {**scores, SPAM: spam.probability(log_odds, scores.get(SPAM), seen)}
    after, learned = shifts.apply(case.learned, case.comment, read.normalised, before, seen)
    found = evidence(case, read, after, [*seen, *learned])
    found = dataclasses.replace(found, judged=_can_judge(scorer.engine, read.language))
    verdict = policy.decide(case.policy, found)
    return verdict.model_copy(
        update={
            "engine": f"{scorer.label}, learned {case.learned.version}" if learned else scorer.label,
            "policy_version": case.policy_version,
            "reasons": shifts.told(verdict, learned),
        }
    )


def evidence(case: Case, read: Reading, scores: Scores, seen: Sequence[Signal]) -> Evidence:
    comment = case.comment
    names = {name.casefold() for name in (comment.author_email, comment.author_id) if name}
    published = comment.post_published_at
    return Evidence(
        text=read.searched,
        scores={label: round(score, 4) for label, score in scores.items()},
        links=addresses.count(comment.text),
        signals=seen,
        author_names=frozenset(names),
        author_approved=case.history.author_approved,
        language=read.language,
        post_id=comment.post_id,
        post_age=(comment.posted_at or comment.created_at) - published if published else None,
    )


def _can_judge(engine: Engine, language: str | None) -> bool:
    """A text too short to tell its language is judged: most are a few words of the blog's own."""
    return engine.languages is None or language is None or language in engine.languages
