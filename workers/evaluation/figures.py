"""The figures of an evaluation: of each label, of the decision, of each group."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.core.labels import LABELS, TOXICITY_LABELS
from workers.evaluation import metrics
from workers.evaluation.decisions import POLICY, Decided
from workers.evaluation.metrics import Floats, Operation, Share, Truth

ANY = "any toxicity"
# "Recall at 1% false holds": one clean comment in a hundred is held for nothing.
FALSE_HOLDS = 0.01


@dataclass(frozen=True)
class Labelled:
    """What a file says: a truth for each label that it has, and which of its rows say anything of it."""

    truth: Mapping[str, Truth]
    known: Mapping[str, Truth]
    weights: Floats
    groups: Sequence[str]  # empty when there are none

    @property
    def bad(self) -> Truth:
        bad: Truth = np.logical_or.reduce(list(self.truth.values()))
        return bad

    @property
    def clean(self) -> Truth:
        """Every label that the file has says no."""
        nothing = np.logical_and.reduce(list(self.known.values()))
        clean: Truth = nothing & ~self.bad
        return clean


@dataclass(frozen=True)
class Ranked:
    """How well the scores of a label tell its rows apart; `threshold`: that of the default policy."""

    label: str
    rows: int
    positives: int
    roc_auc: float
    roc_auc_low: float
    roc_auc_high: float
    average_precision: float
    recall_at_one_percent: float
    brier: float
    calibration_error: float
    threshold: float | None
    at_threshold: Operation


@dataclass(frozen=True)
class Unranked:
    """A label whose rows are all alike."""

    label: str
    rows: int
    positives: int


@dataclass(frozen=True)
class Decisions:
    """What the default policy holds, by any rule: toxicity, spam, links."""

    bad_held: Share
    clean_held: Share
    bad_rules: dict[str, int]
    clean_rules: dict[str, int]
    unscored: int
    comments_per_second: float
    comments_per_core_second: float


@dataclass(frozen=True)
class Group:
    name: str
    rows: int
    clean_held: Share
    bad_held: Share


@dataclass(frozen=True)
class Figures:
    labels: list[Ranked | Unranked]
    decisions: Decisions
    groups: list[Group]


def measure(labelled: Labelled, decided: Decided) -> Figures:
    return Figures(
        [_measure_label(labelled, decided, label) for label in measured_labels(labelled)],
        _measure_decisions(labelled, decided),
        _measure_groups(labelled, decided),
    )


def measured_labels(labelled: Labelled) -> list[str]:
    toxic = [label for label in TOXICITY_LABELS if label in labelled.truth]
    return [*([ANY] if toxic else []), *(label for label in LABELS if label in labelled.truth)]


def select(labelled: Labelled, decided: Decided, label: str) -> tuple[Truth, Floats, Truth, Floats]:
    """Truth, scores, whether held and weights of the rows that say anything of the label."""
    if label != ANY:
        known = labelled.known[label]
        scores = decided.scores[:, LABELS.index(label)]
        truth, held = labelled.truth[label], scores >= POLICY.threshold(label)
    else:
        names = [name for name in TOXICITY_LABELS if name in labelled.truth]
        truth = np.logical_or.reduce([labelled.truth[name] for name in names])
        known = truth | np.logical_and.reduce([labelled.known[name] for name in names])
        scores = decided.scores[:, : len(TOXICITY_LABELS)].max(axis=1)
        held = np.logical_or.reduce(decided.scores[:, : len(TOXICITY_LABELS)] >= _THRESHOLDS, axis=1)
    return truth[known], scores[known], held[known], labelled.weights[known]


_THRESHOLDS = np.array([POLICY.threshold(label) for label in TOXICITY_LABELS])


def _measure_label(labelled: Labelled, decided: Decided, label: str) -> Ranked | Unranked:
    truth, scores, held, weights = select(labelled, decided, label)
    if truth.all() or not truth.any():
        return Unranked(label, len(truth), int(truth.sum()))
    interval = metrics.roc_auc_interval(truth, scores, weights)
    return Ranked(
        label=label,
        rows=len(truth),
        positives=int(truth.sum()),
        roc_auc=metrics.roc_auc(truth, scores, weights),
        roc_auc_low=interval.low,
        roc_auc_high=interval.high,
        average_precision=metrics.average_precision(truth, scores, weights),
        recall_at_one_percent=metrics.recall_at_false_holds(truth, scores, FALSE_HOLDS, weights),
        brier=metrics.brier(truth, scores, weights),
        calibration_error=metrics.calibration_error(truth, scores, weights),
        threshold=None if label == ANY else POLICY.threshold(label),
        at_threshold=metrics.at_threshold(truth, held, weights),
    )


def _measure_decisions(labelled: Labelled, decided: Decided) -> Decisions:
    return Decisions(
        bad_held=metrics.share(decided.held, labelled.bad, labelled.weights),
        clean_held=metrics.share(decided.held, labelled.clean, labelled.weights),
        bad_rules=_rules(decided, labelled.bad),
        clean_rules=_rules(decided, labelled.clean),
        unscored=decided.unscored,
        comments_per_second=len(decided.held) / max(decided.seconds, 1e-9),
        comments_per_core_second=len(decided.held) / max(decided.core_seconds, 1e-9),
    )


def _rules(decided: Decided, rows: Truth) -> dict[str, int]:
    held = (decided.held & rows).tolist()
    return dict(Counter(rule for rule, is_held in zip(decided.rules, held, strict=True) if is_held).most_common())


def _measure_groups(labelled: Labelled, decided: Decided) -> list[Group]:
    """The one whose clean comments are held most comes first."""
    if not labelled.groups:
        return []
    of = np.array(labelled.groups)
    measured = [_measure_group(name, of == name, labelled, decided) for name in np.unique(of).tolist()]
    return sorted(measured, key=lambda group: (-(group.clean_held.share or 0), -group.rows, group.name))


def _measure_group(name: str, inside: Truth, labelled: Labelled, decided: Decided) -> Group:
    return Group(
        name,
        int(inside.sum()),
        clean_held=metrics.share(decided.held, inside & labelled.clean, labelled.weights),
        bad_held=metrics.share(decided.held, inside & labelled.bad, labelled.weights),
    )
