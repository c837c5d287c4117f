"""What a comment has to do with its post."""

import pytest

from tests.workers.signals.sightings import sight, weight
from workers.signals import subject

TITLE = "What the treaty of 1839 means for Belgium"


def test_words_of_the_title_speak_against_spam() -> None:
    signal = subject.on_topic(sight("No, the TREATIES\u200b came later; Belgium was first.", post_title=TITLE))

    assert signal is not None
    assert weight(signal) < 0
    assert signal.reason == "Speaks of the post's subject: “belgium”, “treaties”."


def test_without_a_title_the_address_of_the_post_tells() -> None:
    post = "https://blog.example/2012/04/negotiating-the-treaty/?p=1"

    signal = subject.on_topic(sight("Negotiations took years.", permalink=post))

    assert signal is not None


@pytest.mark.parametrize(
    "text",
    [
        "Great article, I will bookmark your site.",
        "what is best for you means a lot",  # words that are in every text
        f"I could not understand all of {TITLE}, but it seems interesting.",  # a program pasted the title
        "Cheap flights http://x.example/treaty/belgium",  # the address of a link is not what was said
        "",
    ],
)
def test_what_would_fit_any_post_says_nothing(text: str) -> None:
    assert subject.on_topic(sight(text or " ", post_title=TITLE)) is None


def test_the_trade_of_spam_is_no_subject() -> None:
    assert subject.on_topic(sight("best casino bonus", post_title="The casino on Main Street")) is None


@pytest.mark.parametrize("permalink", ["http://[half", "", "https://blog.example"])
def test_an_address_without_words_says_nothing(permalink: str) -> None:
    assert subject.on_topic(sight("The treaty of 1839", permalink=permalink)) is None
