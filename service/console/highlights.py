"""A comment's text cut at the spans of its verdict, and weights in words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.core.policy import LABEL_WORDS, Span

_LIST_WORDS = {"held_word": "On this site's word list", "rejected_word": "On this site's list of rejected words"}
# Log-odds: 4 turn an even chance into 98%, 1.5 into 82%.
_STRONG, _CLEAR = 4.0, 1.5


@dataclass(frozen=True)
class Part:
    """A piece of the text as it was sent; `why` is empty where nothing is marked."""

    text: str
    why: str = ""
    label: str = ""


def cut(text: str, spans: Iterable[Span]) -> Iterator[Part]:
    """Cut a text, or its beginning, at the spans of the whole: put together again the parts are the text."""
    end = 0
    for span in sorted(spans, key=lambda span: span.start):
        start, stop = max(span.start, end), min(span.end, len(text))
        if start < stop:
            if end < start:
                yield Part(text[end:start])
            yield Part(text[start:stop], why(span), span.label)
            end = stop
    if end < len(text):
        yield Part(text[end:])


def why(span: Span) -> str:
    if span.label in _LIST_WORDS:
        return _LIST_WORDS[span.label]
    return f"{LABEL_WORDS.get(span.label, span.label)}, {strength(span.weight)}"


def strength(weight: float) -> str:
    """Say a weight in words and figures: “strong, +4.2”."""
    size = abs(weight)
    words = "strong" if size >= _STRONG else "clear" if size >= _CLEAR else "slight"
    return f"{words}, {weight:+.1f}"
