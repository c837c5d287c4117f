"""Logistic regression on top of what the engines say: weighted, with a ridge, on a few thousand sparse rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.learning.examples import Hashes

Floats = NDArray[np.float64]

_STEPS = 60
_POWER_STEPS = 6


@dataclass(frozen=True)
class Rows:
    """A sparse matrix: entry k stands in row `rows[k]`, column `columns[k]`; `vocabulary` names the columns."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Floats
    height: int
    vocabulary: Hashes

    def times(self, weights: Floats) -> Floats:
        return np.bincount(self.rows, self.values * weights[self.columns], self.height).astype(np.float64)

    def transposed_times(self, of_rows: Floats) -> Floats:
        return np.bincount(self.columns, self.values * of_rows[self.rows], self.vocabulary.size).astype(np.float64)


def stack(features: Sequence[Hashes]) -> Rows:
    """Put the examples below each other. A feature that only one has seen can tell nothing of the next."""
    sizes = np.array([one.size for one in features], np.int64)
    flat = np.concatenate([np.empty(0, np.uint32), *features])
    vocabulary, columns, seen = np.unique(flat, return_inverse=True, return_counts=True)
    kept = (seen > 1)[columns]
    renumbered = np.cumsum(seen > 1) - 1
    rows = np.repeat(np.arange(sizes.size), sizes)
    values = scale(sizes)[rows]
    return Rows(rows[kept], renumbered[columns[kept]], values[kept], sizes.size, vocabulary[seen > 1])


def scale(sizes: NDArray[np.int64]) -> Floats:
    """The value of each of an example's features, so that long comments do not count for more."""
    return 1 / np.sqrt(np.maximum(sizes, 1))


def fit(rows: Rows, offsets: Floats, truth: Floats, weights: Floats, ridge: float) -> Floats:
    """Minimise the weighted log-loss of `offsets + rows * w`, plus ridge / 2 * |w|²; a weight per column.

    Accelerated gradient descent (Nesterov 1983) that starts anew when it overshoots (O'Donoghue and Candès 2015).
    """
    step = 1 / (ridge + 0.25 * _largest_eigenvalue(rows, weights))
    fitted = ahead = np.zeros(rows.vocabulary.size)
    momentum = 1.0
    for _ in range(_STEPS):
        missed = sigmoid(offsets + rows.times(ahead)) - truth
        gradient = rows.transposed_times(weights * missed) + ridge * ahead
        following = ahead - step * gradient
        if gradient @ (following - fitted) > 0:
            momentum = 1.0
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = following + (momentum - 1) / grown * (following - fitted)
        fitted, momentum = following, grown
    return fitted


def sigmoid(log_odds: Floats) -> Floats:
    return np.exp(-np.logaddexp(0, -log_odds))


def _largest_eigenvalue(rows: Rows, weights: Floats) -> float:
    """Of the weighted rows' Gram matrix, with room for what a few power steps leave open."""
    direction = np.ones(rows.vocabulary.size)
    length = 0.0
    for _ in range(_POWER_STEPS):
        direction = rows.transposed_times(weights * rows.times(direction))
        length = float(np.linalg.norm(direction))
        if length == 0:
            return 0.0
        direction /= length
    return 1.2 * length
