"""A comment's text in the forms that are scored; each is made once."""

from dataclasses import dataclass

from service.core import markup, text
from workers import disguises, languages
from workers.disguises import Disguise


@dataclass(frozen=True)
class Reading:
    shown: str  # as a reader sees it: without markup
    normalised: str  # look-alike spellings brought together
    language: str | None  # ISO 639-1; None: too little text to tell
    unveiled: str  # disguises undone as well; the normalised text when there are none
    disguises: tuple[Disguise, ...] = ()

    @property
    def is_disguised(self) -> bool:
        return self.unveiled != self.normalised

    @property
    def searched(self) -> str:
        """Where lists of words are looked up: every form of the text."""
        return f"{self.normalised}\n{self.unveiled}" if self.is_disguised else self.normalised


def read(written: str, declared: str | None = None) -> Reading:
    """`declared` is the language that the blog says: a hint, no more."""
    shown = markup.plain(written)
    hidden = disguises.unveil(shown)
    language = languages.detect(shown, declared)
    return Reading(shown, text.normalise(shown), language, hidden.text, hidden.found)
