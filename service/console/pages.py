"""Templates to pages. What people wrote is always escaped: autoescape is on and nothing here is marked safe."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from service.console import highlights

_UNITS = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
_SMALLER = {"d": "h", "h": "min", "min": "s"}
_EXCERPT_LINES = 12
_EXCERPT_LENGTH = 700


def render(template: str, status: int = HTTPStatus.OK, **context: Any) -> HTMLResponse:
    return HTMLResponse(_environment.get_template(template).render(context), status)


def age(at: datetime) -> str:
    past = datetime.now(UTC) - at
    for unit, length in _UNITS:
        if count := past // length:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def duration(length: timedelta) -> str:
    """Say in the two largest units how long something took: “2 min 5 s”."""
    seconds = length.total_seconds()
    for unit, size, smaller in (("d", 86400, 3600), ("h", 3600, 60), ("min", 60, 1)):
        if seconds >= size:
            part = int(seconds % size // smaller)
            return f"{int(seconds // size)} {unit}" + (f" {part} {_SMALLER[unit]}" if part else "")
    return f"{seconds:.1f} s"


def excerpt(text: str) -> str:
    """The beginning of a long text; a text that is short enough is its own excerpt."""
    beginning = "".join(text.splitlines(keepends=True)[:_EXCERPT_LINES])
    # Cutting off a few words would save nobody a line.
    return beginning if len(beginning) <= _EXCERPT_LENGTH * 1.2 else beginning[:_EXCERPT_LENGTH]


_environment = Environment(
    loader=PackageLoader("service.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(
    age=age, excerpt=excerpt, duration=duration, cut=highlights.cut, why=highlights.why, strength=highlights.strength
)
