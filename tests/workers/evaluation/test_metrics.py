"""Our measures are scikit-learn's, for any scores, ties and weights; intervals hold what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics as reference

from workers.evaluation import metrics

# Coarse scores make ties; a row more of each kind, so that both are there.
_SCORES = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5000001, 0.75, 0.9, 1.0])

unhurried = settings(deadline=None, max_examples=50)


@st.composite
def _rows(draw: st.DrawFn) -> tuple[metrics.Truth, metrics.Floats, metrics.Floats]:
    size = draw(st.integers(2, 60))
    truth = draw(arrays.arrays(np.bool_, size))
    truth[:2] = [True, False]
    scores = draw(arrays.arrays(np.float64, size, elements=_SCORES))
    weights = draw(arrays.arrays(np.float64, size, elements=st.floats(0.125, 8)))
    return truth, scores, weights


@unhurried
@given(_rows())
def test_roc_auc_is_the_references(rows: tuple[metrics.Truth, metrics.Floats, metrics.Floats]) -> None:
    truth, scores, weights = rows

    assert metrics.roc_auc(truth, scores) == pytest.approx(reference.roc_auc_score(truth, scores))
    assert metrics.roc_auc(truth, scores, weights) == pytest.approx(
        reference.roc_auc_score(truth, scores, sample_weight=weights)
    )


@unhurried
@given(_rows())
def test_average_precision_is_the_references(rows: tuple[metrics.Truth, metrics.Floats, metrics.Floats]) -> None:
    truth, scores, weights = rows

    assert metrics.average_precision(truth, scores, weights) == pytest.approx(
        reference.average_precision_score(truth, scores, sample_weight=weights)
    )


@unhurried
@given(_rows())
def test_the_curve_is_the_references(rows: tuple[metrics.Truth, metrics.Floats, metrics.Floats]) -> None:
    truth, scores, weights = rows

    points = metrics.curve(truth, scores, weights)

    false_holds, recall, thresholds = reference.roc_curve(truth, scores, sample_weight=weights, drop_intermediate=False)
    # The reference begins with a threshold that nothing reaches.
    assert points.thresholds == pytest.approx(thresholds[1:])
    assert points.recall == pytest.approx(recall[1:])
    assert points.false_holds == pytest.approx(false_holds[1:])


@unhurried
@given(_rows())
def test_brier_is_the_references(rows: tuple[metrics.Truth, metrics.Floats, metrics.Floats]) -> None:
    truth, scores, weights = rows

    expected = reference.brier_score_loss(truth, scores, sample_weight=weights)

    assert metrics.brier(truth, scores, weights) == pytest.approx(expected)


@unhurried
@given(_rows(), st.floats(0, 1))
def test_recall_at_a_rate_of_false_holds_is_what_some_threshold_reaches(
    rows: tuple[metrics.Truth, metrics.Floats, metrics.Floats], rate: float
) -> None:
    truth, scores, _ = rows

    found = metrics.recall_at_false_holds(truth, scores, rate)

    reached = [
        (scores[truth] >= threshold).mean()
        for threshold in (*scores, 2.0)
        if (scores[~truth] >= threshold).mean() <= rate
    ]
    assert found == pytest.approx(max(reached))


@unhurried
@given(_rows())
def test_the_interval_of_an_auc_holds_it(rows: tuple[metrics.Truth, metrics.Floats, metrics.Floats]) -> None:
    truth, scores, weights = rows

    interval = metrics.roc_auc_interval(truth, scores, weights)

    assert 0 <= interval.low <= metrics.roc_auc(truth, scores, weights) + 1e-9
    assert metrics.roc_auc(truth, scores, weights) - 1e-9 <= interval.high <= 1


def test_the_interval_of_an_auc_covers_the_true_one_in_about_95_of_100_samples() -> None:
    # Two normal distributions, their means 1 apart: the true area is Phi(1 / sqrt 2).
    random, true_area, covered = np.random.default_rng(3), 0.76025, 0
    truth = np.arange(160) < 40

    for _ in range(400):
        interval = metrics.roc_auc_interval(truth, random.normal(size=160) + truth)
        covered += interval.low <= true_area <= interval.high

    assert 0.92 <= covered / 400 <= 0.98


def test_an_auc_without_an_error_is_not_certain() -> None:
    truth = np.array([True] * 10 + [False] * 90)

    interval = metrics.roc_auc_interval(truth, truth.astype(np.float64))

    assert interval.high == pytest.approx(1)
    assert interval.low == pytest.approx(0.7225, abs=1e-3)  # Wilson's of 10 in 10


def test_wilsons_interval_is_the_published_one() -> None:
    # 15 of 148, after Newcombe (1998), table I: 0.0624 to 0.1605.
    interval = metrics.wilson(15, 148)

    assert (round(interval.low, 4), round(interval.high, 4)) == (0.0624, 0.1605)


def test_a_share_of_nothing_may_be_anything() -> None:
    assert metrics.wilson(0, 0) == metrics.Interval(0.0, 1.0)
    assert metrics.share(np.array([True]), np.array([False])) == metrics.Share(None, 0.0, 1.0, 0)


def test_a_threshold_is_measured_by_weight() -> None:
    truth = np.array([True, True, False, False])
    held = np.array([True, False, True, False])

    operation = metrics.at_threshold(truth, held, np.array([3.0, 1.0, 1.0, 9.0]))

    assert (operation.recall.share, operation.precision.share, operation.false_holds.share) == (0.75, 0.75, 0.1)


def test_unequal_weights_widen_the_interval_of_a_share() -> None:
    part, whole = np.array([True, False] * 20), np.ones(40, np.bool_)

    even, uneven = metrics.share(part, whole), metrics.share(part, whole, np.array([1.0] * 36 + [9.0] * 4))

    assert (even.share, even.rows) == (uneven.share, uneven.rows) == (0.5, 40)
    assert uneven.low < even.low < even.high < uneven.high


def test_honest_probabilities_have_no_calibration_error() -> None:
    truth = np.array([True, False, False, False] * 5)

    assert metrics.calibration_error(truth, np.full(20, 0.25)) == pytest.approx(0)
    assert metrics.calibration_error(truth, np.full(20, 1.0)) == pytest.approx(0.75)
