"""Phrases of the spam trade."""

from dataclasses import replace

import pytest

from tests.workers.signals.sightings import sight, weight
from workers.signals import lists, phrases
from workers.signals.signal import SignalFunction


@pytest.mark.parametrize(
    "text",
    ["buy cialis here", "CIALIS!", "(cialis)", "weight loss pills", "Weight\n\t LOSS   pills", "ci\u200balis"],
)
def test_wording_of_advertising_speaks_for_spam(text: str) -> None:
    signal = phrases.advertising(sight(text))

    assert signal is not None
    assert weight(signal) > 0


def test_the_reason_shows_what_was_found() -> None:
    signal = phrases.advertising(sight("Viagra and cialis, cialis"))

    assert signal is not None
    assert signal.reason == "Wording of advertising: “cialis”, “viagra”."


def test_the_reason_shows_three_phrases_at_most() -> None:
    signal = phrases.advertising(sight("viagra cialis levitra kamagra"))

    assert signal is not None
    assert signal.reason.count("“") == 3


@pytest.mark.parametrize("text", ["Ask a specialist.", "socialism", "cialis_", "weight loss"])
def test_a_phrase_inside_another_word_says_nothing(text: str) -> None:
    assert phrases.advertising(sight(text)) is None


@pytest.mark.parametrize("phrase", sorted(lists.read("spam_phrases.txt")))
def test_every_phrase_of_the_list_is_found_in_a_sentence(phrase: str) -> None:
    signal = phrases.advertising(sight(f"Well: {phrase.upper()}, they said."))

    assert signal is not None


@pytest.mark.parametrize(
    "name", ["Online Casino", "ONLINE \t CASINO", "best online casino 24", "online ca\u200bsino", "Leeds Locksmith"]
)
def test_a_name_that_advertises_speaks_for_spam(name: str) -> None:
    signal = phrases.keyword_name(sight(author_name=name))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "The author's name is advertising."


@pytest.mark.parametrize("name", [None, "", "Aiko", "Specialist", "Moversky"])
def test_a_persons_name_advertises_nothing(name: str | None) -> None:
    assert phrases.keyword_name(sight(author_name=name)) is None


def test_wording_of_a_public_list_speaks_for_spam() -> None:
    signal = phrases.blocklisted(sight("Hello admin, greate blog and we will enhance my post soon"))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason.startswith("Wording known from comment spam: “")


def test_praise_of_any_page_speaks_for_spam() -> None:
    signal = phrases.praise(sight("Fastidious piece of writing, I have bookmarked your weblog!"))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason.startswith("Praise that fits any page: “")


@pytest.mark.parametrize("see", [phrases.advertising, phrases.blocklisted, phrases.praise])
def test_a_remark_about_the_matter_says_nothing(see: SignalFunction) -> None:
    assert see(sight()) is None


def test_a_disguised_phrase_is_found_in_the_unveiled_text() -> None:
    sighting = replace(sight("buy c1al1s"), searched="buy c1al1s\nbuy cialis")

    assert phrases.advertising(sighting) is not None
