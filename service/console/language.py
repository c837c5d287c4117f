"""The console in other languages: gettext catalogues, read from `locales/*/messages.po` as they are."""

from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel import Locale

from service.core import catalogues

ENGLISH = "en"
_FOLDER = Path(__file__).parent / "locales"


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Mark a message that a template translates."""
    return message


@cache
def names() -> Mapping[str, str]:
    """The languages that the console speaks, each in its own words."""
    codes = [ENGLISH, *sorted(path.name for path in _FOLDER.iterdir() if (path / "messages.po").exists())]
    return {code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes}


@cache
def translations(code: str) -> NullTranslations:
    if code == ENGLISH or code not in names():
        return NullTranslations()
    return catalogues.read(_FOLDER / code / "messages.po", code)


def preferred(accept_language: str) -> str:
    """The first language of the header that the console speaks (RFC 9110, 12.5.4, without weights)."""
    wanted = (part.split(";")[0].strip().split("-")[0].lower() for part in accept_language.split(","))
    return next((code for code in wanted if code in names()), ENGLISH)
