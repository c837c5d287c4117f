"""Recall is estimated from spot checks, and its interval holds what it says."""

import random
from collections import Counter

import pytest

from service.core import intervals, recall
from service.core.insights import Figures
from service.core.models import Status
from service.core.spot_checks import Kind


def figures(caught: int, approved: int, checked: dict[tuple[str, float, bool], int]) -> Figures:
    return Figures(
        settled=Counter({Status.APPROVED: approved}),
        reviewed=Counter({("toxicity", "insult", Status.REJECTED): caught, ("links", "spam", Status.APPROVED): 7}),
        checked=Counter({Kind(*kind): number for kind, number in checked.items()}),
    )


def test_what_is_missed_is_projected_from_what_was_checked() -> None:
    found = recall.estimate(figures(80, 1000, {("insult", 0.1, False): 98, ("insult", 0.1, True): 2}))

    low, high = intervals.wilson(2, 100)
    assert (found.caught, found.checked, found.missed) == (80, 100, 2)
    assert found.share == pytest.approx(80 / (80 + 20))
    assert (found.low, found.high) == pytest.approx((80 / (80 + 1000 * high), 80 / (80 + 1000 * low)))
    assert found.tells


def test_a_check_weighs_as_many_comments_as_it_stands_for() -> None:
    """Ten drawn of a hundred, and ten of a thousand: the bad one among the latter stands for ten times as many."""
    often, seldom = Kind("insult", 0.1, rejected=False), Kind("insult", 0.01, rejected=False)
    found = recall.estimate(figures(100, 1100, {often: 10, seldom: 9, ("insult", 0.01, True): 1}))

    assert found.share == pytest.approx(100 / (100 + 100))


def test_a_label_is_told_by_what_has_it_as_its_strongest() -> None:
    some = figures(10, 1000, {("insult", 1.0, True): 1, ("spam", 1.0, True): 3, ("spam", 1.0, False): 96})

    assert recall.estimate(some, "insult").missed == 1
    assert recall.estimate(some, "spam")[:3] == (0, 100, 3)
    assert recall.estimate(some, "spam").share == 0


def test_what_readers_had_to_report_was_not_caught() -> None:
    some = figures(10, 1000, {("insult", 1.0, False): 100})
    some.reviewed["reported", "insult", Status.REJECTED] = 50

    assert recall.estimate(some).caught == 10


@pytest.mark.parametrize("checked", [{}, {("insult", 0.1, False): 3}])
def test_too_few_checks_tell_nothing(checked: dict[tuple[str, float, bool], int]) -> None:
    assert not recall.estimate(figures(80, 10_000, checked)).tells


def test_the_interval_holds_the_true_recall_about_as_often_as_it_says() -> None:
    """300 bad of 20,000 approved ones, 500 caught, and 2% or 5% of the halves checked: a thousand draws."""
    chance = random.Random(4)
    held, shares = 0, []
    for _ in range(1000):
        checked: Counter[tuple[str, float, bool]] = Counter()
        for share in (0.02, 0.05):
            bad = sum(chance.random() < share for _ in range(150))
            good = round(chance.gauss(9850 * share, (9850 * share * (1 - share)) ** 0.5))
            checked["insult", share, True] += bad
            checked["insult", share, False] += good
        found = recall.estimate(figures(500, 20_000, dict(checked)))
        assert found.share is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 500 / 800 <= found.high
        shares.append(found.share)

    assert 0.93 <= held / 1000 <= 0.99
    assert sum(shares) / 1000 == pytest.approx(500 / 800, abs=0.02)
