"""How much each lesson counts: nobody teaches a site alone, neither an author nor a moderator."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.core.labels import SPAM
from service.core.models import Category
from workers.learning.examples import HEADS, Example

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Whoever runs the import decides for the site: the past of a whole team, under one name.
IMPORT = "import"
# All comments of an author count as this many, and so do those from an address; copies of a text as one.
_AUTHOR, _ADDRESS, _TEXT = 3.0, 6.0, 1.0
# A moderator's lessons count as this many, or as many as the others' together, if those are more.
_MODERATOR = 100.0
# Whether two sides agree can be told from this many lessons of each on.
_ENOUGH = 10
# How often a moderator agrees with the others: no better than chance takes half of the weight.
_OPPOSED, _AGREED = 0.35, 0.65
# Who is alone is compared with the engines. To differ from them is what learning is for, to reverse them is not.
_REVERSED, _INDEPENDENT = 0.35, 0.5


@dataclass(frozen=True)
class Taught:
    """A lesson, ready to be learnt from."""

    example: Example
    category: str | None
    actor: str

    @property
    def rejected(self) -> bool:
        return self.category is not None

    def is_about(self, head: str) -> bool:
        """Spam is told from what was approved, and so is the rest: a toxic comment says nothing about spam."""
        return self.category is None or (self.category == Category.SPAM) == (head == SPAM)


# Given how much each lesson counts: the log-odds that each is rejected, as foreseen from the verdicts alone.
Foresee = Callable[[Floats], Floats]


def weigh(lessons: Sequence[Taught], foresee: Foresee) -> Floats:
    """A weight in [0, 1] for each lesson."""
    weights = np.ones(len(lessons))
    for source, most in enumerate((_AUTHOR, _ADDRESS, _TEXT)):
        weights *= _shares([one.example.sources[source] for one in lessons], most)
    by_actor = {
        actor: np.array([one.actor == actor for one in lessons]) for actor in sorted({one.actor for one in lessons})
    }
    rejected = np.array([one.rejected for one in lessons], np.bool_)
    judged = [actor for actor in by_actor if actor != IMPORT]
    # Twice: whoever opposes all has cost the others some agreement.
    voices = dict.fromkeys(by_actor, 1.0)
    agreement: dict[str, float | None] = {}
    for _ in range(2):
        level = _level(weights, by_actor, voices)
        agreement = {actor: _agreement(level, by_actor[actor], rejected, foresee) for actor in judged}
        voices |= _voices(agreement)
    for actor, rate in agreement.items():
        weights[by_actor[actor]] *= _alone(lessons, by_actor[actor]) if rate is None else _ramp(rate, _OPPOSED, _AGREED)
    return _cap(weights, by_actor)


def _shares(sources: Sequence[int], most: float) -> Floats:
    counts = Counter(sources)
    return np.array([min(1.0, most / counts[source]) if source else 1.0 for source in sources])


def _level(weights: Floats, by_actor: dict[str, Mask], voices: dict[str, float]) -> Floats:
    """Give all actors the same sum, times their voice: the one with the most verdicts must not be the measure."""
    sums = {actor: float(weights[own].sum()) for actor, own in by_actor.items()}
    usual = max(float(np.median(list(sums.values()))), float(_ENOUGH)) if sums else 0.0
    scaled = weights.copy()
    for actor, own in by_actor.items():
        scaled[own] *= voices[actor] * min(1.0, usual / max(sums[actor], 1e-9))
    return scaled


def _voices(agreement: dict[str, float | None]) -> dict[str, float]:
    """Whoever agrees with the others best speaks with a whole voice."""
    rates = {actor: rate for actor, rate in agreement.items() if rate is not None}
    best = max(rates.values(), default=0.0)
    return {actor: (rate / best) ** 4 for actor, rate in rates.items() if best}


def _cap(weights: Floats, by_actor: dict[str, Mask]) -> Floats:
    capped = weights.copy()
    for actor, own in by_actor.items():
        if actor != IMPORT:
            most = max(_MODERATOR, float(weights[~own].sum()))
            capped[own] *= min(1.0, most / max(float(weights[own].sum()), 1e-9))
    return capped


def _agreement(level: Floats, own: Mask, rejected: Mask, foresee: Foresee) -> float | None:
    """How many of a moderator's verdicts can be foreseen from the others'; None: too few to tell."""
    kinds = [own & kind for kind in (rejected, ~rejected) if (own & kind).any()]
    if own.sum() < _ENOUGH or min(float(level[~own & kind].sum()) for kind in (rejected, ~rejected)) < _ENOUGH / 2:
        return None
    right = (foresee(np.where(own, 0.0, level)) > 0) == rejected
    # Approvals and rejections count alike, so that a queue with few of one kind does not hide it.
    return sum(float(right[kind].mean()) for kind in kinds) / len(kinds)


def _alone(lessons: Sequence[Taught], own: Mask) -> float:
    """Trust in whom nobody can be compared with but the engines."""
    mine = [one for one, is_own in zip(lessons, own, strict=True) if is_own]
    trust = 1.0
    for number, head in enumerate(HEADS):
        approved = np.array([one.example.base[number] for one in mine if not one.rejected])
        rejected = np.array([one.example.base[number] for one in mine if one.rejected and one.is_about(head)])
        if min(approved.size, rejected.size) >= _ENOUGH:
            trust = min(trust, _ramp(_ranked_alike(rejected, approved), _REVERSED, _INDEPENDENT))
    return trust


def _ranked_alike(rejected: Floats, approved: Floats) -> float:
    """How often a rejected comment was the more suspect of two: the area under the ROC curve."""
    ordered = np.sort(approved)
    below = np.searchsorted(ordered, rejected, "left") + np.searchsorted(ordered, rejected, "right")
    return float(below.mean()) / 2 / approved.size


def _ramp(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
