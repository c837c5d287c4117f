"""gettext catalogues, read from `messages.po` as they are."""

from gettext import NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages import mofile, pofile
from babel.support import Translations


def read(file: Path, code: str) -> NullTranslations:
    """The translations of the file; where there is none, the messages stay English."""
    if not file.exists():
        return NullTranslations()
    with file.open("rb") as opened:
        catalogue = pofile.read_po(opened, locale=code)
    compiled = BytesIO()
    mofile.write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
