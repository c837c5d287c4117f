"""A comment's text cut at the spans of its verdict, and weights in words."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from service.console.language import N_
from service.console.words import LABEL_WORDS
from service.core.policy import Span

Say = Callable[[str], str]
_LIST_WORDS = {
    "held_word": N_("On this site's word list"),
    "rejected_word": N_("On this site's list of rejected words"),
}
# Log-odds: 4 turn an even chance into 98%, 1.5 into 82%.
_STRONG, _CLEAR = 4.0, 1.5


@dataclass(frozen=True)
class Part:
    """A piece of the text as it was sent; `why` is empty where nothing is marked."""

    text: str
    why: str = ""
    label: str = ""


def cut(text: str, spans: Iterable[Span], say: Say = str) -> Iterator[Part]:
    """Cut a text, or its beginning, at the spans of the whole: put together again the parts are the text."""
    end = 0
    for span in sorted(spans, key=lambda span: span.start):
        start, stop = max(span.start, end), min(span.end, len(text))
        if start < stop:
            if end < start:
                yield Part(text[end:start])
            yield Part(text[start:stop], why(span, say), span.label)
            end = stop
    if end < len(text):
        yield Part(text[end:])


def why(span: Span, say: Say = str) -> str:
    if span.label in _LIST_WORDS:
        return say(_LIST_WORDS[span.label])
    label = say(LABEL_WORDS[span.label]) if span.label in LABEL_WORDS else span.label
    return f"{label}, {strength(span.weight, say)}"


def strength(weight: float, say: Say = str) -> str:
    """Say a weight in words and figures: “strong, +4.2”."""
    size = abs(weight)
    words = N_("strong") if size >= _STRONG else N_("clear") if size >= _CLEAR else N_("slight")
    return f"{say(words)}, {weight:+.1f}"
