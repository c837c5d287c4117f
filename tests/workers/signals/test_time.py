"""No text makes a signal slow: a comment is written by whoever likes, and all of a batch waits for it (ASVS 15.2.2)."""

import time
from collections.abc import Callable

import pytest

from service.core import markup
from service.core.models import Content
from workers import signals
from workers.signals import addresses
from workers.signals.signal import History, Sighting, SignalFunction

LENGTH = 100_000
# On an idle machine each takes less than a tenth of it; the row of open tags took 1.4 s, the many labels 50 s.
BOUND_SECONDS = 0.5

PATTERNS = {
    "letters": "a",
    "open anchors": "<a ",
    "open anchors on lines": "<a\n",
    "closed anchors": "<a >",
    "half an address": "<a href",
    "address without value": "<a href         ",
    "open forum links": "[url",
    "forum links with value": "[url=",
    "brackets": "[",
    "closing brackets": "]",
    "schemes": "http://",
    "www": "www.",
    "short links": "https://a ",
    "labels": "a.",
    "accented labels": "é.",
    "tags": "<",
    "closing tags": "</a",
    "comments": "<!--",
    "spaces": " ",
    "lines": "\n",
    "dots": ".",
    "ats": "@",
    "ampersands": "&",
    "numbers": "&#99999;",
    "digits": "9",
    "phrases": "cialis ",
    "nearly phrases": "cialisx ",
    "beginnings of phrases": "no ",
    "accents": "a\u0301\u0302",
    "joiners": "\u200d",
}
TEXTS = {
    **{name: pattern * (LENGTH // len(pattern)) for name, pattern in PATTERNS.items()},
    "one name of many labels": "http://" + "a." * (LENGTH // 2),
    "one anchor of spaces": "<a" + " " * LENGTH,
    "one endless number": "&#" + "9" * LENGTH,
    "one endless hexadecimal number": "&#x" + "f" * LENGTH,
    "one endless entity": "&" + "a" * LENGTH + ";",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("see", signals.SIGNALS, ids=lambda see: see.__name__)
def test_no_text_makes_a_signal_slow(see: SignalFunction, text: str) -> None:
    # Longer than a door lets through: the bound must not hang on the door's.
    content = Content.model_construct(text=text, author_name=text, author_email=text, author_url=text)
    sighting = Sighting(content, text, History())

    assert _seconds(lambda: see(sighting)) < BOUND_SECONDS


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_makes_counting_its_links_slow(text: str) -> None:
    assert _seconds(lambda: addresses.count(text)) < BOUND_SECONDS


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_text_makes_reading_its_markup_slow(text: str) -> None:
    assert _seconds(lambda: markup.plain(text)) < BOUND_SECONDS


def _seconds(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started
