"""How the text is made."""

import pytest

from tests.workers.signals.sightings import QUIET, sight, weight
from workers.signals import wording


def test_random_letters_speak_for_spam() -> None:
    signal = wording.gibberish(sight("qwzxkrt hello bvcxzlplk"))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "Random letters (“qwzxkrt”)."


@pytest.mark.parametrize("text", [QUIET, "lengths and strengths", "Knightsbridge, twelfthnight", "xkcdfgh once"])
def test_long_words_are_no_random_letters(text: str) -> None:
    assert wording.gibberish(sight(text)) is None


def test_a_template_that_was_not_filled_in_speaks_for_spam() -> None:
    assert wording.unfilled_template(sight("{Hi|Hello}, {nice|great} post")) is not None


def test_code_with_braces_is_no_template() -> None:
    assert wording.unfilled_template(sight("if (a | b) { return {x}; } else { y || z }")) is None


@pytest.mark.parametrize("text", ["Call +1 (332) 555-0148 now", "WhatsApp me", "join on telegram", "00971 50 555 1482"])
def test_an_offer_to_be_called_speaks_for_spam(text: str) -> None:
    signal = wording.contact(sight(text))

    assert signal is not None
    assert weight(signal) > 0


@pytest.mark.parametrize(
    "text", [QUIET, "from 1914 to 1918", "issue 12345678", "https://a.example/1234567890", "3.14159"]
)
def test_other_numbers_are_no_telephone(text: str) -> None:
    assert wording.contact(sight(text)) is None
