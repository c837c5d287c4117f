"""Decides labelled comments as the service would, without a site: the default policy, and nothing seen before."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from pydantic import ValidationError

from service.core import text
from service.core.db import new_id
from service.core.labels import LABELS
from service.core.models import Comment, Content
from service.core.policy import Decision, Policy, Verdict
from workers import judgement
from workers.evaluation.metrics import Floats, Truth
from workers.judgement import Case, Scorer
from workers.signals.signal import History

BATCH = 64
LONGEST = 50_000
POLICY = Policy()
_SITE = new_id()


@dataclass
class Decided:
    """A row a comment, in order; `scores` has a column a label, in the order of LABELS."""

    scores: Floats
    held: Truth
    rules: list[str]
    seconds: float
    # Of this process alone, all threads together: what another program does meanwhile does not count.
    core_seconds: float
    # Comments that the engine did not score, for instance in a language that it does not know: their scores are 0.
    unscored: int


@dataclass
class _Tally:
    scores: list[list[float]] = field(default_factory=list)
    held: list[bool] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    unscored: int = 0

    def add(self, verdict: Verdict) -> None:
        self.scores.append([verdict.scores.get(label, 0.0) for label in LABELS])
        self.held.append(verdict.decision is not Decision.APPROVE)
        self.rules.append(verdict.rule)
        self.unscored += "toxicity" not in verdict.scores


def decide(scorer: Scorer, comments: Iterable[Comment], tell: Callable[[int], None] = lambda _: None) -> Decided:
    """Decide the comments in batches; `tell` hears how many each batch had."""
    tally, seconds, core_seconds = _Tally(), 0.0, 0.0
    for batch in _batches(comments):
        cases = [Case(comment, 0, POLICY, History()) for comment in batch]
        began, began_core = time.perf_counter(), time.process_time()
        verdicts = judgement.judge(scorer, cases)
        seconds += time.perf_counter() - began
        core_seconds += time.process_time() - began_core
        for verdict in verdicts:
            tally.add(verdict)
        tell(len(batch))
    scores = np.array(tally.scores).reshape(-1, len(LABELS))
    return Decided(scores, np.array(tally.held, np.bool_), tally.rules, seconds, core_seconds, tally.unscored)


def comment(written: str, fields: Mapping[str, str] | None = None) -> Comment | None:
    """A comment as it would come in, without the fields that are not valid; None when there is no text."""
    known = {name: value.strip() for name, value in (fields or {}).items() if value and value.strip()}
    content = _content({**known, "text": written.replace("\0", "")[:LONGEST]})
    if content is None or not content.text.strip():
        return None
    return Comment(**content.model_dump(), site_id=_SITE, text_fingerprint=text.fingerprint(content.text))


def _content(known: dict[str, str]) -> Content | None:
    try:
        return Content.model_validate(known)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors()}
    return None if "text" in wrong else _content({name: value for name, value in known.items() if name not in wrong})


def _batches(comments: Iterable[Comment]) -> Iterator[Sequence[Comment]]:
    rest = iter(comments)
    while batch := list(islice(rest, BATCH)):
        yield batch
