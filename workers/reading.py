"""A comment's text in the forms that are scored; each is made once."""

from dataclasses import dataclass

from service.core import markup, text
from workers import languages


@dataclass(frozen=True)
class Reading:
    shown: str  # as a reader sees it: without markup
    normalised: str  # look-alike spellings brought together
    language: str | None  # ISO 639-1; None: too little text to tell


def read(written: str, declared: str | None = None) -> Reading:
    """`declared` is the language that the blog says: a hint, no more."""
    shown = markup.plain(written)
    return Reading(shown, text.normalise(shown), languages.detect(shown, declared))
