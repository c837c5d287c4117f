"""Which of WordPress's own settings keep a comment that Gatepost approves from being published, and which hide some."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """A setting that stands in the way. `swallows`: an approval changes nothing, for some comments or for all."""

    setting: str
    swallows: bool
    text: str


@dataclass(frozen=True)
class _Rule:
    names: tuple[str, ...]  # the option, and what it was called before
    swallows: bool
    is_on: Callable[[str], bool]
    text: str


# What Akismet's webhook asks before it approves (WordPress 6.8, `check_comment`), then what happens beside it.
_RULES = (
    _Rule(
        ("comment_moderation",),
        True,
        lambda value: value == "1",
        "“Comment must be manually approved” is on: all comments stay pending, whatever Gatepost says. Switch it off.",
    ),
    _Rule(
        ("comment_previously_approved", "comment_whitelist"),
        True,
        lambda value: value == "1",
        "“Comment author must have a previously approved comment” is on: what newcomers write stays pending, whatever"
        " Gatepost says. Switch it off; a policy's `hold_first_time_authors` does the same, in Gatepost's queue.",
    ),
    _Rule(
        ("comment_max_links",),
        True,
        lambda value: value.isdigit() and int(value) > 0,
        "A comment with {value} links or more stays pending, whatever Gatepost says. Empty the field; a policy's"
        " `max_links` does the same.",
    ),
    _Rule(
        ("moderation_keys",),
        True,
        bool,
        "There are moderation words: a comment with one of them stays pending, whatever Gatepost says. Move them to"
        " the policy's `held_words`.",
    ),
    _Rule(
        ("disallowed_keys", "blacklist_keys"),
        False,
        bool,
        "There are disallowed words: a comment with one of them goes to the bin, and Gatepost never sees it.",
    ),
    _Rule(
        ("akismet_strictness",),
        False,
        lambda value: value == "1",
        "Akismet deletes the worst spam: with a policy that has `discard_at`, WordPress keeps no copy of it.",
    ),
)


def read(text: str) -> dict[str, str]:
    """The options by name, from `wp option list --format=json` or a JSON object. Raises ValueError."""
    found: Any = json.loads(text)
    if isinstance(found, list):
        found = {row["option_name"]: row["option_value"] for row in found if isinstance(row, Mapping)}
    if not isinstance(found, dict) or "blogname" not in found:
        raise ValueError("These are not WordPress's options.")
    return {name: "" if value is None else str(value).strip() for name, value in found.items()}


def findings(options: Mapping[str, str]) -> Iterator[Finding]:
    for rule in _RULES:
        name = next((name for name in rule.names if name in options), rule.names[0])
        value = options.get(name, "")
        if rule.is_on(value):
            yield Finding(name, rule.swallows, rule.text.format(value=value))
