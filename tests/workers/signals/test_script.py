"""The text's script and language beside the blog's."""

from typing import Any

import pytest

from tests.workers.signals.sightings import QUIET, sight, weight
from workers.signals import script
from workers.signals.signal import History, Sighting

RUSSIAN = "Отличная статья, спасибо автору за труд"


@pytest.mark.parametrize("blog", [{"language": "en"}, {"language": "de-AT"}, {"post_title": "The treaty"}])
def test_another_script_than_the_blogs_speaks_for_spam(blog: dict[str, Any]) -> None:
    signal = script.foreign_script(sight(RUSSIAN, **blog))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "Written in another script than this blog."


@pytest.mark.parametrize(
    ("text", "blog"),
    [
        (RUSSIAN, {"language": "ru"}),
        (RUSSIAN, {"language": "uk_UA"}),
        (RUSSIAN, {"post_title": "Договор"}),
        (RUSSIAN, {}),
        (QUIET, {"language": "ja"}),
        ("ありがとうございます、参考になりました", {"language": "ja"}),
        ("спасибо", {"language": "en"}),
    ],
)
def test_the_blogs_own_script_says_nothing(text: str, blog: dict[str, Any]) -> None:
    assert script.foreign_script(sight(text, **blog)) is None


@pytest.mark.parametrize(("own", "written", "told"), [("en", "pl", True), ("pl", "en", False), ("pl", "pl", False)])
def test_another_language_than_the_blogs_is_told(own: str, written: str, *, told: bool) -> None:
    sighting = Sighting(sight(language=own).content, QUIET, History(), written)

    assert (script.foreign_language(sighting) is not None) == told
