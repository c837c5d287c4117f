"""The languages of mails: catalogues of their own, since the console's belong to the web process."""

from collections.abc import Callable
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from service.core import catalogues
from service.core.models import Moderator

ENGLISH = "en"
FOLDER = Path(__file__).parent / "locales"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a message that is translated later."""
    return message


def of(moderator: Moderator) -> str:
    """The language that the moderator has chosen; what their browser asks for, no mail knows."""
    chosen = moderator.preferences.get("language")
    return chosen if isinstance(chosen, str) else ENGLISH


@cache
def translations(code: str) -> NullTranslations:
    return catalogues.read(FOLDER / code / "messages.po", code)


def gettext(code: str) -> Callable[[str], str]:
    return translations(code).gettext


def ngettext(code: str) -> Callable[[str, str, int], str]:
    return translations(code).ngettext
