"""A comment's text in the forms that are scored; each is made once."""

from dataclasses import dataclass

from service.core import markup, text


@dataclass(frozen=True)
class Reading:
    shown: str  # as a reader sees it: without markup
    normalised: str  # look-alike spellings brought together


def read(written: str) -> Reading:
    shown = markup.plain(written)
    return Reading(shown, text.normalise(shown))
