"""What changes from one set of rules to another."""

from service.core import differences
from service.core.differences import Difference


def test_the_same_rules_do_not_differ() -> None:
    assert differences.between({"max_links": 5}, {"max_links": 5}) == []


def test_what_is_written_out_as_the_default_is_no_difference() -> None:
    assert differences.between({}, {"max_links": 5, "thresholds": {"spam": 0.7}}) == []


def test_values_are_told_with_the_default_of_what_was_left_open() -> None:
    found = differences.between(
        {"thresholds": {"spam": 0.9}}, {"thresholds": {"insult": 0.6}, "reject_at": {"spam": 1}}
    )

    assert found == [
        Difference(rule="thresholds.insult", before=0.5, after=0.6),
        Difference(rule="thresholds.spam", before=0.9, after=0.7),
        Difference(rule="reject_at.spam", before=None, after=1),
    ]


def test_lists_are_told_by_what_they_gain_and_lose() -> None:
    found = differences.between({"held_words": ["a", "b"]}, {"held_words": ["c", "b"]})

    assert found == [Difference(rule="held_words", added=["c"], removed=["a"])]


def test_rules_that_cannot_be_read_can_still_be_compared() -> None:
    assert differences.between({"old_rule": True}, {}) == [Difference(rule="old_rule", before=True, after=None)]
