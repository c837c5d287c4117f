"""Phrases of the spam trade."""

import pytest

from tests.workers.signals.sightings import sight
from workers.signals import lists, phrases


@pytest.mark.parametrize(
    "text",
    ["buy cialis here", "CIALIS!", "(cialis)", "weight loss pills", "Weight\n\t LOSS   pills", "ci\u200balis"],
)
def test_wording_of_advertising_speaks_for_spam(text: str) -> None:
    signal = phrases.in_text(sight(text))

    assert signal is not None
    assert signal.weight > 0


def test_the_reason_shows_what_was_found() -> None:
    signal = phrases.in_text(sight("Viagra and cialis, cialis"))

    assert signal is not None
    assert signal.reason == "Wording of advertising: “cialis”, “viagra”."


def test_the_reason_shows_three_phrases_at_most() -> None:
    signal = phrases.in_text(sight("viagra cialis levitra kamagra"))

    assert signal is not None
    assert signal.reason.count("“") == 3


@pytest.mark.parametrize("text", ["Ask a specialist.", "socialism", "cialis_", "weight-loss", "weight loss"])
def test_a_phrase_inside_another_word_says_nothing(text: str) -> None:
    assert phrases.in_text(sight(text)) is None


@pytest.mark.parametrize("phrase", sorted(lists.spam_phrases()))
def test_every_phrase_of_the_list_is_found_in_a_sentence(phrase: str) -> None:
    signal = phrases.in_text(sight(f"Well: {phrase.upper()}, they said."))

    assert signal is not None


@pytest.mark.parametrize("name", ["Online Casino", "ONLINE \t CASINO", "best online casino 24", "online ca\u200bsino"])
def test_a_name_that_advertises_speaks_for_spam(name: str) -> None:
    signal = phrases.in_name(sight(author_name=name))

    assert signal is not None
    assert signal.weight > 0
    assert signal.reason == "The author's name is advertising."


@pytest.mark.parametrize("name", [None, "", "Aiko", "Specialist"])
def test_a_persons_name_advertises_nothing(name: str | None) -> None:
    assert phrases.in_name(sight(author_name=name)) is None
