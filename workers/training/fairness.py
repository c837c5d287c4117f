"""Measures what naming a group costs: comments held for the name alone, and hate with that name that is let through."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from service.core.labels import TOXICITY_LABELS
from workers.training import functional, templates
from workers.training.functional import Case

# A row a text, a column a label, in the order of TOXICITY_LABELS.
Probabilities = Callable[[Sequence[str]], NDArray[np.floating]]
TOXICITY = TOXICITY_LABELS.index("toxicity")
NAMING = "naming"


@dataclass(frozen=True)
class NameFigures:
    name: str
    harmless: int
    false_holds: float
    attacks: int
    recall: float


@dataclass(frozen=True)
class KindFigures:
    """`held`: the recall of attacks, or the false holds of harmless cases; `roc_auc`: against the whole other side."""

    kind: str
    cases: int
    held: float
    roc_auc: float


@dataclass(frozen=True)
class Fairness:
    """Shares are between 0 and 1; in each tuple the worst comes first."""

    harmless: int
    false_holds: float
    attacks: int
    recall: float
    roc_auc: float
    names: tuple[NameFigures, ...]
    attack_kinds: tuple[KindFigures, ...]
    harmless_kinds: tuple[KindFigures, ...]


@dataclass(frozen=True)
class _Scored:
    """A row a case."""

    names: NDArray[np.str_]
    kinds: NDArray[np.str_]
    hateful: NDArray[np.bool_]
    held: NDArray[np.bool_]
    toxicity: NDArray[np.floating]

    def share_held(self, rows: NDArray[np.bool_]) -> float:
        return round(float(self.held[rows].mean()), 4)

    def roc_auc(self, rows: NDArray[np.bool_]) -> float:
        return round(float(roc_auc_score(self.hateful[rows], self.toxicity[rows])), 4)


def measure(probabilities: Probabilities, hold_at: Mapping[str, float]) -> Fairness:
    """Score sentences that no model has learnt from; a comment is held when any label reaches its threshold."""
    scored = _score(cases(), probabilities, hold_at)
    everything = np.ones(len(scored.held), np.bool_)
    return Fairness(
        harmless=int((~scored.hateful).sum()),
        false_holds=scored.share_held(~scored.hateful),
        attacks=int(scored.hateful.sum()),
        recall=scored.share_held(scored.hateful),
        roc_auc=scored.roc_auc(everything),
        names=tuple(sorted(_measure_names(scored), key=lambda figures: (-figures.false_holds, figures.recall))),
        attack_kinds=tuple(sorted(_measure_kinds(scored, hateful=True), key=lambda figures: figures.held)),
        harmless_kinds=tuple(sorted(_measure_kinds(scored, hateful=False), key=lambda figures: -figures.held)),
    )


@cache
def cases() -> tuple[Case, ...]:
    naming = (Case(naming.sentence, frozenset(), NAMING, naming.name) for naming in templates.measured())
    return (*functional.measured(), *naming)


def table(fairness: Fairness, names: int = 15) -> str:
    """Lay the figures out in Markdown, with so many of the worst names."""
    rows = [
        "| name | harmless | held for nothing | attacks | recall |",
        "|---|---:|---:|---:|---:|",
        _row("all", fairness.harmless, fairness.false_holds, fairness.attacks, fairness.recall),
        *(
            _row(each.name, each.harmless, each.false_holds, each.attacks, each.recall)
            for each in fairness.names[:names]
        ),
        "",
        "| kind | cases | held | ROC-AUC |",
        "|---|---:|---:|---:|",
        *(_row(f"attack: {each.kind}", each.cases, each.held, each.roc_auc) for each in fairness.attack_kinds),
        *(_row(f"harmless: {each.kind}", each.cases, each.held, each.roc_auc) for each in fairness.harmless_kinds),
    ]
    return "\n".join(rows)


def _score(known: Sequence[Case], probabilities: Probabilities, hold_at: Mapping[str, float]) -> _Scored:
    scores = probabilities([case.text for case in known])
    thresholds = np.array([hold_at[label] for label in TOXICITY_LABELS])
    return _Scored(
        names=np.array([case.name for case in known]),
        kinds=np.array([case.kind for case in known]),
        hateful=np.array([bool(case.labels) for case in known]),
        held=np.logical_or.reduce(scores >= thresholds, axis=1),
        toxicity=scores[:, TOXICITY],
    )


def _measure_names(scored: _Scored) -> list[NameFigures]:
    return [_measure_name(scored, name) for name in np.unique(scored.names).tolist() if name]


def _measure_name(scored: _Scored, name: str) -> NameFigures:
    harmless = (scored.names == name) & ~scored.hateful
    attacks = (scored.names == name) & scored.hateful
    return NameFigures(
        name,
        int(harmless.sum()),
        scored.share_held(harmless),
        int(attacks.sum()),
        scored.share_held(attacks),
    )


def _measure_kinds(scored: _Scored, *, hateful: bool) -> list[KindFigures]:
    side = scored.hateful == hateful
    return [_measure_kind(scored, kind, side) for kind in np.unique(scored.kinds[side]).tolist()]


def _measure_kind(scored: _Scored, kind: str, side: NDArray[np.bool_]) -> KindFigures:
    rows = (scored.kinds == kind) & side
    return KindFigures(kind, int(rows.sum()), scored.share_held(rows), scored.roc_auc(rows | ~side))


def _row(title: str, *figures: float) -> str:
    cells = (f"{figure:,}" if isinstance(figure, int) else f"{figure:.3f}" for figure in figures)
    return f"| {' | '.join((title, *cells))} |"
