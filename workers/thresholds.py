"""Thresholds that hold a chosen share of harmless comments: pure arithmetic on scores."""

import math

import numpy as np
from numpy.typing import NDArray

from service.core import intervals
from service.core.intervals import Share

# Rows are comments, columns are labels.
Floats = NDArray[np.float64]

# Of n without a single one, the true share may still be 3/n at 95%: fewer say nothing of the rate that is asked for.
_RULE_OF_THREE = 3
_FEWEST = 100
# Below this a score is noise: a threshold there would hold comments for nothing.
_LOWEST = 0.1
# Scores are kept to four places.
_STEP = 0.0001
_FOLDS = 5
_SEED = 20


class TooFewError(Exception):
    """There is too little history; the text says how much is there and what to do."""


def require_enough(known: int, rate: float) -> None:
    """Raises TooFewError."""
    needed = max(_FEWEST, math.ceil(_RULE_OF_THREE / rate))
    if known < needed:
        possible = f"{_RULE_OF_THREE / known:.1%}" if known >= _FEWEST else "no share is enough yet"
        raise TooFewError(
            f"{known} harmless comments are known; to hold {rate:.1%} of them {needed} are needed at least. Review held"
            f" comments, look further back (--days), or allow more false holds (--false-holds; with these: {possible})."
        )


def choose(harmless: Floats, rate: float) -> Floats:
    """For each column the lowest threshold at which no more than `rate` of the rows reach any of them.

    Each column gives up the same number of rows: its highest ones.
    """
    descending = np.sort(harmless, axis=0)[::-1]
    allowed = math.floor(rate * len(harmless))
    low, high = 0, allowed  # the number of rows that each column holds; at `low` all together hold few enough
    while low < high:
        middle = (low + high + 1) // 2
        if held(harmless, _above(descending[middle])).sum() <= allowed:
            low = middle
        else:
            high = middle - 1
    return _above(descending[low])


def held(scores: Floats, limits: Floats) -> NDArray[np.bool_]:
    """Which rows reach a threshold in any column."""
    return np.asarray((scores >= limits).any(axis=1))


def on_unseen(harmless: Floats, rate: float) -> Share:
    """The share that is held of rows which the thresholds were not chosen on: five parts, each held to the others'."""
    part = np.random.default_rng(_SEED).permutation(len(harmless)) % _FOLDS
    wrong = sum(int(held(harmless[part == fold], choose(harmless[part != fold], rate)).sum()) for fold in range(_FOLDS))
    return intervals.share(wrong, len(harmless))


def limits(harmless: Floats, threshold: float) -> tuple[float, float]:
    """Where a label's threshold may lie by chance: it is a quantile, and the share above it has Wilson's interval."""
    descending = np.sort(harmless)[::-1]
    known = len(descending)
    fewest, most = intervals.wilson(int((harmless >= threshold).sum()), known)
    ranks = (min(math.ceil(most * known), known - 1), math.floor(fewest * known))
    low, high = _above(descending[list(ranks)])
    return float(low), float(high)


def _above(score: Floats) -> Floats:
    """The threshold that this score just does not reach."""
    return np.clip(np.round(score + _STEP, 4), _LOWEST, 1.0)
