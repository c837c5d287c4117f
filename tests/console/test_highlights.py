"""Texts cut at spans, as the cards show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.console import highlights
from service.core.policy import Span


def span(start: int, end: int, label: str = "insult", weight: float = 4.2) -> Span:
    return Span(start=start, end=end, label=label, weight=weight)


SPANS = st.lists(st.builds(span, st.integers(0, 40), st.integers(0, 40), st.sampled_from(["insult", "spam", "new"])))


@given(st.text(max_size=30), SPANS)
def test_the_parts_together_are_the_text(text: str, spans: list[Span]) -> None:
    assert "".join(part.text for part in highlights.cut(text, spans)) == text


def test_a_span_is_marked_with_its_reason() -> None:
    parts = list(highlights.cut("You idiot!", [span(4, 9)]))

    assert [(part.text, part.why) for part in parts] == [("You ", ""), ("idiot", "Insult, strong, +4.2"), ("!", "")]


def test_a_span_that_reaches_beyond_the_excerpt_is_marked_as_far_as_it_is_shown() -> None:
    assert [part.text for part in highlights.cut("You id", [span(4, 9)]) if part.why] == ["id"]


@pytest.mark.parametrize(
    ("label", "weight", "words"),
    [
        ("threat", 1.5, "Threat, clear, +1.5"),
        ("spam", 0.4, "Spam, slight, +0.4"),
        ("held_word", 0, "On this site's word list"),
        ("label_of_tomorrow", 5, "label_of_tomorrow, strong, +5.0"),
    ],
)
def test_a_reason_says_what_and_how_much(label: str, weight: float, words: str) -> None:
    assert highlights.why(span(0, 1, label, weight)) == words


def test_evidence_against_spam_has_its_sign() -> None:
    assert highlights.strength(-2.0) == "clear, -2.0"
