"""Thresholds that hold a chosen share of harmless comments."""

import numpy as np
import pytest

from workers import thresholds


def test_one_label_holds_exactly_the_wanted_share() -> None:
    harmless = np.linspace(0.2, 0.8, 1000).reshape(-1, 1)

    [limit] = thresholds.choose(harmless, 0.01)

    assert (harmless >= limit).sum() == 10


def test_all_labels_together_hold_no_more_than_the_wanted_share() -> None:
    harmless = np.random.default_rng(1).uniform(0, 1, (2000, 7))

    limits = thresholds.choose(harmless, 0.02)

    assert 30 <= thresholds.held(harmless, limits).sum() <= 40


def test_labels_that_rise_together_share_their_false_holds() -> None:
    column = np.linspace(0.2, 0.8, 1000)

    limits = thresholds.choose(np.stack([column, column], axis=1), 0.01)

    assert (column >= limits[0]).sum() == 10


def test_equal_scores_are_held_together_or_not_at_all() -> None:
    harmless = np.array([[0.9]] * 30 + [[0.3]] * 270)

    [limit] = thresholds.choose(harmless, 0.01)

    assert limit > 0.9


def test_a_threshold_is_never_so_low_that_scores_are_noise() -> None:
    harmless = np.linspace(0, 0.02, 1000).reshape(-1, 1)

    assert thresholds.choose(harmless, 0.5) == 0.1


def test_a_threshold_never_exceeds_1() -> None:
    assert thresholds.choose(np.ones((500, 1)), 0.01) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_what_is_held_of_unseen_comments_is_near_the_wanted_share(seed: int) -> None:
    harmless = np.random.default_rng(seed).beta(1, 6, (5000, 3))

    share = thresholds.on_unseen(harmless, 0.02)

    assert share.of == 5000
    assert share.share == pytest.approx(0.02, abs=0.006)


def test_a_threshold_s_limits_hold_the_true_quantile_about_as_often_as_they_say() -> None:
    true, inside = 0.98, 0
    for seed in range(200):
        harmless = np.random.default_rng(seed).uniform(0, 1, (500, 1))
        [limit] = thresholds.choose(harmless, 0.02)
        low, high = thresholds.limits(harmless[:, 0], limit)
        inside += low <= true <= high

    assert inside >= 180


@pytest.mark.parametrize(("known", "rate"), [(99, 0.5), (299, 0.01), (599, 0.005)])
def test_too_few_comments_are_refused_with_what_to_do(known: int, rate: float) -> None:
    with pytest.raises(thresholds.TooFewError, match=r"Review held comments.*--false-holds"):
        thresholds.require_enough(known, rate)


@pytest.mark.parametrize(("known", "rate"), [(100, 0.5), (300, 0.01), (600, 0.005)])
def test_enough_comments_are_enough(known: int, rate: float) -> None:
    thresholds.require_enough(known, rate)
