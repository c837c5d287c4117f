"""Templates to pages. What people wrote is always escaped: autoescape is on and nothing here is marked safe."""

from datetime import UTC, datetime, timedelta
from functools import cache, partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_decimal
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from service.console import highlights, keymap, language, navigation, preferences
from service.console.language import ENGLISH
from service.console.wording import Wording
from service.core import queues

if TYPE_CHECKING:
    from service.console.auth import Visit

_EXCERPT_LINES = 12
_EXCERPT_LENGTH = 700


def render(template: str, status: int = HTTPStatus.OK, *, code: str = ENGLISH, **context: Any) -> HTMLResponse:
    """A page in that language."""
    return HTMLResponse(_environment(code).get_template(template).render(context), status)


def show(visit: "Visit", template: str, status: int = HTTPStatus.OK, **context: Any) -> HTMLResponse:
    """A page for a moderator who is logged in."""
    return render(template, status, code=visit.language, visit=visit, **context)


def excerpt(text: str, length: int = _EXCERPT_LENGTH) -> str:
    """The beginning of a long text; a text that is short enough is its own excerpt."""
    beginning = "".join(text.splitlines(keepends=True)[:_EXCERPT_LINES])
    # Cutting off a few words would save nobody a line.
    return beginning if len(beginning) <= length * 1.2 else beginning[:length]


@cache
def _environment(code: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("service.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", Wording],
        # Else each of a page's hundred includes looks whether its file has changed.
        auto_reload=False,
    )
    translations = language.translations(code)
    environment.install_gettext_translations(translations)  # type: ignore[attr-defined]
    environment.globals.update(
        # The extension's own looks the translations up anew for each of a page's thousand messages.
        _=translations.gettext,
        code=code,
        bar=navigation.BAR,
        keymap=keymap.KEYMAP,
        switches=preferences.WORDS,
        languages=language.names(),
    )
    environment.filters.update(
        age=lambda at: _age(at, code),
        duration=lambda length: _duration(length, code),
        at=lambda at: format_datetime(at, "d MMM y, HH:mm:ss", locale=code) + " UTC",
        day=lambda at: format_datetime(at, "d MMM y", locale=code),
        number=lambda value: format_decimal(value, locale=code),
        counted=lambda value: _counted(value, code),
        percent=lambda value: f"{value:.0%}" if code == ENGLISH else f"{value * 100:.0f} %",
        excerpt=excerpt,
        cut=partial(highlights.cut, say=translations.gettext),
        why=partial(highlights.why, say=translations.gettext),
        strength=partial(highlights.strength, say=translations.gettext),
    )
    return environment


def _counted(number: int, code: str) -> str:
    """How much waits, where it was counted to the end."""
    most = queues.MOST_WAITING
    return format_decimal(number, locale=code) if number <= most else f"{format_decimal(most, locale=code)}+"


def _age(at: datetime, code: str) -> str:
    past = datetime.now(UTC) - at
    if past < timedelta(minutes=1):
        return language.translations(code).gettext("just now")
    return format_timedelta(-past, add_direction=True, locale=code)


def _duration(length: timedelta, code: str) -> str:
    if length < timedelta(minutes=1):
        return f"{format_decimal(round(length.total_seconds(), 1), locale=code)} s"
    return format_timedelta(length, threshold=1.2, locale=code)
