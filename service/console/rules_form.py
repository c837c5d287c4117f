"""A site's rules as the fields of a form, and back: what is left empty keeps its default."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.console.language import N_
from service.core.policy import DEFAULT_THRESHOLDS, Policy

# Rules by label, which the form has in percent, as `thresholds.insult`.
BY_LABEL = ("thresholds", "reject_at", "discard_at")
_SHARES = ("unsure_margin", "check_share")
_LISTS = tuple(
    name for name, field in Policy.model_fields.items() if field.get_default(call_default_factory=True) == []
)
_SWITCHES = ("hold_first_time_authors",)
# What is wrong with a value, by pydantic's name for it.
_WRONG = {
    "float_parsing": N_("This is no number."),
    "int_parsing": N_("This is no whole number."),
    "int_from_float": N_("This is no whole number."),
    "finite_number": N_("This is no number."),
    "greater_than_equal": N_("This must be {least} at least."),
    "less_than_equal": N_("This must be {most} at most."),
    "string_too_long": N_("An entry has {length} characters at most."),
    "string_pattern_mismatch": N_("This cannot be an entry here."),
    "too_long": N_("There are {length} entries at most."),
}
Fields = Mapping[str, str]


async def sent(request: Request) -> Fields:
    """The form that came with the request."""
    form = await request.form()
    return {name: value for name, value in form.items() if isinstance(value, str)}


def fields(policy: Policy) -> dict[str, str]:
    """The fields that show what differs from the defaults."""
    return _fields(policy.model_dump(mode="json", exclude_defaults=True))


def defaults() -> dict[str, str]:
    """What holds where a field is empty; nothing: such a rule is off."""
    return _fields({**Policy().model_dump(mode="json"), "thresholds": DEFAULT_THRESHOLDS})


def _fields(rules: Mapping[str, Any]) -> dict[str, str]:
    shown: dict[str, str] = {}
    for name, value in rules.items():
        if name in BY_LABEL:
            shown |= {f"{name}.{label}": percent(share) for label, share in value.items()}
        elif name in _SHARES:
            shown[name] = percent(value)
        elif name in _LISTS:
            shown[name] = "\n".join(value)
        else:
            shown[name] = "" if value is None or value is False else str(value)
    return shown


def rules(given: Fields) -> dict[str, Any]:
    """What `Policy` reads, of what was written into the fields; whether it is right, is the policy's to say."""
    found: dict[str, Any] = {name: {} for name in BY_LABEL}
    for field, written in given.items():
        name, _, label = field.partition(".")
        text = written.strip()
        if not text or name not in Policy.model_fields:
            continue
        if name in BY_LABEL:
            found[name][label] = _share(text)
        elif name in _LISTS:
            found[name] = [line.strip() for line in text.splitlines() if line.strip()]
        else:
            found[name] = _share(text) if name in _SHARES else name in _SWITCHES or text
    return found


def problems(error: ValidationError, say: Callable[[str], str]) -> dict[str, str]:
    """What is wrong, by field, in words."""
    found: dict[str, str] = {}
    for one in error.errors(include_url=False):
        name, *place = one["loc"]
        field = f"{name}.{place[0]}" if name in BY_LABEL else str(name)
        line = say(N_("Line {number}: ")).format(number=int(place[0]) + 1) if name in _LISTS and place else ""
        found.setdefault(field, line + _words(one, say, in_percent=name in (*BY_LABEL, *_SHARES)))
    return found


def percent(share: float) -> str:
    """Without the noise of binary fractions: 0.29 is 29, not 28.999999999999996."""
    return f"{share * 100:.10g}"


def _share(text: str) -> float | str:
    with suppress(ValueError):
        return round(float(text.replace(",", ".").rstrip("% ")) / 100, 12)
    return text


def _words(one: ErrorDetails, say: Callable[[str], str], *, in_percent: bool) -> str:
    if one["type"] not in _WRONG:
        return one["msg"]
    limits = one.get("ctx", {})
    least, most = limits.get("ge"), limits.get("le")
    if in_percent:
        least, most = (None if limit is None else f"{percent(limit)} %" for limit in (least, most))
    length = limits.get("max_length")
    return say(_WRONG[one["type"]]).format(least=least, most=most, length=length)
