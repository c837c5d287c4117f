"""The console in other languages: gettext catalogues, read from `locales/*/messages.po` as they are."""

from collections.abc import Mapping
from functools import cache
from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages import mofile, pofile
from babel.support import Translations

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
    with (_FOLDER / code / "messages.po").open("rb") as file:
        catalogue = pofile.read_po(file, locale=code)
    compiled = BytesIO()
    mofile.write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def preferred(accept_language: str) -> str:
    """The first language of the header that the console speaks (RFC 9110, 12.5.4, without weights)."""
    wanted = (part.split(";")[0].strip().split("-")[0].lower() for part in accept_language.split(","))
    return next((code for code in wanted if code in names()), ENGLISH)
