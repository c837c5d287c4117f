"""Phrases are found as whole words."""

import pytest

from workers.signals import words

PHRASES = words.Phrases(["cialis", "weight loss pills", "weight loss", "online casino"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ask a specialist about socialism", []),
        ("cialis, cialis", ["cialis"]),
        ("weight loss pills", ["weight loss", "weight loss pills"]),
        ("an online-casino", ["online casino"]),
        ("online", []),
        ("", []),
    ],
)
def test_whole_words_are_found_once_each(text: str, found: list[str]) -> None:
    assert PHRASES.find(words.split(text)) == found
