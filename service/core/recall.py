"""How much of what is bad the machine holds: what humans rejected of it, beside what spot checks say of the rest."""

import math
from typing import NamedTuple

from service.core import intervals
from service.core.insights import Figures
from service.core.models import Status

# Wider than this an interval says next to nothing.
_TELLING = 0.5
# Held since readers reported it: the machine had missed it.
_MISSED_FIRST = "reported"


class Recall(NamedTuple):
    """An estimate with its 95% interval; None where nothing bad is known of."""

    caught: int  # held, and rejected by a human
    checked: int  # approved by the machine, drawn by lot, and looked at
    missed: int  # of those, rejected
    share: float | None
    low: float | None
    high: float | None

    @property
    def tells(self) -> bool:
        return self.low is not None and self.high is not None and self.high - self.low <= _TELLING


def estimate(figures: Figures, label: str | None = None) -> Recall:
    """Of what is bad, the part that was held: all, or what has this strongest label.

    What was caught is counted. What was missed is the number of the machine's approvals times the part of them that is
    bad, which is estimated from the spot checks: each weighs as many comments as it stands for (Hájek, 1971). The
    interval is Wilson's for that part, for as many checks as the weighted ones are worth (Kish, Survey Sampling, 1965,
    11.7), carried over to the recall, which falls as the part grows (the substitution method: Daly, 1998).
    """
    caught = sum(
        number
        for (rule, strongest, status), number in figures.reviewed.items()
        if status == Status.REJECTED and rule != _MISSED_FIRST and label in {None, strongest}
    )
    bad = {kind: number for kind, number in figures.checked.items() if kind.rejected and label in {None, kind.label}}
    approved, checked, missed = figures.settled[Status.APPROVED], figures.checked.total(), sum(bad.values())
    if not checked:
        return Recall(caught, checked, missed, None, None, None)
    stood_for = math.fsum(number / kind.share for kind, number in figures.checked.items())
    squares = math.fsum(number / kind.share**2 for kind, number in figures.checked.items())
    part = math.fsum(number / kind.share for kind, number in bad.items()) / stood_for
    worth = stood_for**2 / squares
    least, most = intervals.wilson(part * worth, worth)
    low, high = (_recall(caught, approved * missing) for missing in (most, least))
    return Recall(caught, checked, missed, _recall(caught, approved * part), low, high)


def _recall(caught: int, missed: float) -> float | None:
    return caught / (caught + missed) if caught + missed else None
