"""Measures of scores against 0/1 truth, each row with a weight: ranking, thresholds and honesty of probabilities."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Truth = NDArray[np.bool_]
# Of a normal distribution: 95% lie within this many standard deviations.
Z = 1.959964
BINS = 10


@dataclass(frozen=True)
class Interval:
    """A 95% confidence interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """What holding from each distinct score on does, the highest score first; all arrays are of one length.

    `recall` is the share of the positive rows that is held, `false_holds` that of the negative ones.
    """

    thresholds: Floats
    recall: Floats
    false_holds: Floats
    precision: Floats


@dataclass(frozen=True)
class Share:
    """A share of rows by weight, with Wilson's interval; of no rows the share is None."""

    share: float | None
    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class Operation:
    """What one threshold does."""

    recall: Share
    precision: Share
    false_holds: Share


def curve(truth: Truth, scores: Floats, weights: Floats | None = None) -> Curve:
    """Needs a positive and a negative row."""
    weights = _weights(truth, weights)
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    # Rows of one score are held together.
    lasts = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = np.cumsum(weights[order] * truth[order])[lasts]
    misses = np.cumsum(weights[order] * ~truth[order])[lasts]
    held = np.maximum(hits + misses, np.finfo(float).tiny)
    return Curve(ordered[lasts], hits / hits[-1], misses / misses[-1], hits / held)


def roc_auc(truth: Truth, scores: Floats, weights: Floats | None = None) -> float:
    """The chance that a positive row scores above a negative one; a tie counts half."""
    points = curve(truth, scores, weights)
    return float(np.trapezoid(np.append(0, points.recall), np.append(0, points.false_holds)))


def roc_auc_interval(truth: Truth, scores: Floats, weights: Floats | None = None) -> Interval:
    """DeLong, DeLong and Clarke-Pearson (1988), on the logit scale so that it stays between 0 and 1."""
    weights = _weights(truth, weights)
    area = roc_auc(truth, scores, weights)
    positive, negative = scores[truth], scores[~truth]
    above = _share_below(positive, negative, weights[~truth])
    below = 1 - _share_below(negative, positive, weights[truth])
    variance = _variance_of_mean(above, weights[truth]) + _variance_of_mean(below, weights[~truth])
    if not 0 < area < 1 or variance == 0:
        # Without an error there is no variance to see: as a share of that many rows.
        fewest = min(len(positive), len(negative))
        return wilson(area * fewest, fewest)
    logit, spread = np.log(area / (1 - area)), Z * np.sqrt(variance) / (area * (1 - area))
    return Interval(*(float(1 / (1 + np.exp(-(logit + side)))) for side in (-spread, spread)))


def average_precision(truth: Truth, scores: Floats, weights: Floats | None = None) -> float:
    """The area under the precision-recall curve, as steps."""
    points = curve(truth, scores, weights)
    return float(np.sum(np.diff(points.recall, prepend=0) * points.precision))


def recall_at_false_holds(truth: Truth, scores: Floats, rate: float, weights: Floats | None = None) -> float:
    """The highest recall of a threshold that holds at most this share of the negative rows."""
    points = curve(truth, scores, weights)
    return float(np.max(points.recall[points.false_holds <= rate], initial=0.0))


def at_threshold(truth: Truth, held: Truth, weights: Floats | None = None) -> Operation:
    return Operation(
        recall=share(held, truth, weights),
        precision=share(truth, held, weights),
        false_holds=share(held, ~truth, weights),
    )


def share(part: Truth, whole: Truth, weights: Floats | None = None) -> Share:
    """The part's share of the whole. With weights, the interval is that of Kish's effective number of rows."""
    inside = _weights(whole, weights)[whole]
    if not inside.sum() > 0:
        return Share(None, 0.0, 1.0, len(inside))
    found = float(inside[part[whole]].sum() / inside.sum())
    effective = float(inside.sum() ** 2 / np.square(inside).sum())
    interval = wilson(found * effective, effective)
    return Share(found, interval.low, interval.high, len(inside))


def wilson(successes: float, total: float) -> Interval:
    """Wilson's score interval (1927) of a share; of nothing, everything is possible."""
    if total == 0:
        return Interval(0.0, 1.0)
    share, square = successes / total, Z * Z / total
    middle = (share + square / 2) / (1 + square)
    half = Z * np.sqrt(share * (1 - share) / total + square / (4 * total)) / (1 + square)
    return Interval(max(0.0, float(middle - half)), min(1.0, float(middle + half)))


def brier(truth: Truth, probabilities: Floats, weights: Floats | None = None) -> float:
    """The mean squared error of the probabilities."""
    return float(np.average(np.square(probabilities - truth), weights=_weights(truth, weights)))


def calibration_error(truth: Truth, probabilities: Floats, weights: Floats | None = None) -> float:
    """The expected calibration error over ten equal bins."""
    weights = _weights(truth, weights)
    gaps = np.bincount(bins_of(probabilities), (probabilities - truth) * weights, BINS)
    return float(np.abs(gaps).sum() / weights.sum())


def bins_of(probabilities: Floats) -> NDArray[np.intp]:
    return np.clip((probabilities * BINS).astype(np.intp), 0, BINS - 1)


def _weights(truth: Truth, weights: Floats | None) -> Floats:
    return np.ones(len(truth)) if weights is None else np.asarray(weights, np.float64)


def _share_below(these: Floats, others: Floats, weights: Floats) -> Floats:
    """For each of these, the weighted share of the others that lie below it; an equal one counts half."""
    order = np.argsort(others)
    sums = np.append(0, np.cumsum(weights[order]))
    left, right = (np.searchsorted(others[order], these, side) for side in ("left", "right"))
    shares: Floats = (sums[left] + sums[right]) / (2 * sums[-1])
    return shares


def _variance_of_mean(values: Floats, weights: Floats) -> float:
    mean = np.average(values, weights=weights)
    unbiased = len(values) / max(len(values) - 1, 1)
    return float(np.sum(np.square(weights * (values - mean))) / np.square(weights.sum()) * unbiased)
