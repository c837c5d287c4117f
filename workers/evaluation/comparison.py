"""The lines of the comparison: one for each system on each set."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from service.core.labels import LABELS, TOXICITY_LABELS
from workers.evaluation import disguising, metrics
from workers.evaluation.decisions import POLICY
from workers.evaluation.figures import FALSE_HOLDS
from workers.evaluation.metrics import Floats
from workers.evaluation.sets import LabelledSet
from workers.evaluation.systems import Answer, Gatepost, System
from workers.training import fairness
from workers.training.corpora import Corpus

ROUNDS, BATCH, BATCHES = 5, 64, 5
DISGUISED = 40
_TOXICITY = LABELS.index("toxicity")
# The peers decide at a half on every label that they have.
_HALVES = dict.fromkeys(TOXICITY_LABELS, 0.5)


@dataclass(frozen=True)
class Line:
    """What was not measured, or does not apply, is None."""

    set: str
    system: str
    rows: int
    bad: int
    roc_auc: dict[str, float]
    recall_at_one_percent: float | None = None
    bad_held: float | None = None
    clean_held: float | None = None
    worst_name: tuple[str, float] | None = None


@dataclass(frozen=True)
class Cost:
    """Comments that one core scores in a second, in batches of 64; for Gatepost, whole decisions too."""

    system: str
    scored: float
    decided: float | None
    bytes: int | None


def measure(system: System, labelled: LabelledSet, answer: Answer) -> Line:
    bad = np.logical_or.reduce(list(labelled.truth.values()))
    given = [label for label in labelled.truth if not np.isnan(answer.scores[:, LABELS.index(label)]).any()]
    # A system that knows nothing of spam is not asked to find it; what it holds for nothing still counts.
    asked = labelled.main in given
    return Line(
        labelled.name,
        system.name,
        rows=len(bad),
        bad=int(bad.sum()),
        roc_auc={label: _roc_auc(labelled, answer, label) for label in given},
        recall_at_one_percent=_recall(labelled, answer) if asked else None,
        bad_held=metrics.share(answer.held, bad, labelled.weights).share if asked else None,
        clean_held=metrics.share(answer.held, ~bad, labelled.weights).share,
    )


def name_groups(system: System, cases: Sequence[str], answer: Answer) -> Line:
    """Harmless sentences that name a group, and hateful ones: `worst_name` is held for nothing most often."""
    known = dict(zip(cases, np.nan_to_num(answer.scores[:, : len(TOXICITY_LABELS)]), strict=True))
    hold_at = {label: POLICY.threshold(label) for label in TOXICITY_LABELS} if _is_ours(system) else _HALVES
    figures = fairness.measure(lambda texts: np.array([known[text] for text in texts]), hold_at)
    worst = figures.names[0]
    return Line(
        "Names of groups",
        system.name,
        rows=figures.harmless + figures.attacks,
        bad=figures.attacks,
        roc_auc={"toxicity": figures.roc_auc},
        bad_held=figures.recall,
        clean_held=figures.false_holds,
        worst_name=(worst.name, worst.false_holds),
    )


def disguise(system: System, corpus: Corpus) -> Line:
    """`bad_held`: the share of the disguised variants of a detected text that is detected too."""

    def score(texts: Sequence[str]) -> list[float]:
        toxicity: list[float] = system.answer(texts).scores[:, _TOXICITY].tolist()
        return toxicity

    texts = disguising.detected(corpus, score, DISGUISED)
    variants = [variant.text for seed, text in enumerate(texts) for variant in disguising.variants(text, seed)]
    found = np.array(score(variants)) >= disguising.HOLD_AT
    return Line("Disguises", system.name, len(variants), len(variants), {}, bad_held=float(found.mean()))


def time(compared: Sequence[System], texts: Sequence[str], tell: Callable[[], None]) -> list[Cost]:
    """The median of some rounds, in each of which every system is timed: a busy minute meets all alike."""
    rounds = [[_rates(system, texts, tell) for system in compared] for _ in range(ROUNDS)]
    return [
        Cost(
            system.name,
            scored=median(scored for scored, _ in rates),
            decided=median(decided for _, decided in rates if decided) if _is_ours(system) else None,
            bytes=system.bytes,
        )
        for system, rates in zip(compared, zip(*rounds, strict=True), strict=True)
    ]


def _rates(system: System, texts: Sequence[str], tell: Callable[[], None]) -> tuple[float, float | None]:
    batches = [texts[start : start + BATCH] for start in range(0, BATCH * BATCHES, BATCH)]
    size = sum(len(batch) for batch in batches)
    scored = size / sum(system.core_seconds(batch) for batch in batches)
    decided = None
    if isinstance(system, Gatepost):
        decided = size / sum(system.decision_core_seconds(batch) for batch in batches)
    tell()
    return scored, decided


def _roc_auc(labelled: LabelledSet, answer: Answer, label: str) -> float:
    scores: Floats = answer.scores[:, LABELS.index(label)]
    return metrics.roc_auc(labelled.truth[label], scores, labelled.weights)


def _recall(labelled: LabelledSet, answer: Answer) -> float:
    truth, scores = labelled.truth[labelled.main], answer.scores[:, LABELS.index(labelled.main)]
    return metrics.recall_at_false_holds(truth, scores, FALSE_HOLDS, labelled.weights)


def _is_ours(system: System) -> bool:
    return isinstance(system, Gatepost)
