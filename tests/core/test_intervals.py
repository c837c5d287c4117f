"""Shares and what they may be by chance."""

import pytest

from service.core import intervals


# Brown, Cai, DasGupta (2001) and Newcombe (1998) print these.
@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_published_one(count: int, of: int, low: float, high: float) -> None:
    assert intervals.wilson(count, of) == pytest.approx((low, high), abs=0.0001)


@pytest.mark.parametrize("of", [1, 2, 10, 1000])
def test_the_interval_holds_its_share_and_stays_within_0_and_1(of: int) -> None:
    for count in range(of + 1):
        low, high = intervals.wilson(count, of)
        assert 0 <= low <= count / of <= high <= 1


def test_of_nothing_there_is_no_share() -> None:
    share = intervals.share(0, 0)

    assert (share.share, share.low, share.high, str(share)) == (None, None, None, "none to count")


def test_a_share_tells_its_interval_and_its_numbers() -> None:
    assert str(intervals.share(15, 148)) == "10.1% (6.2% to 16.1%; 15 of 148)"
