"""How a moderator wants the console; kept with their account, so that it is the same on every machine."""

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from service.console.language import N_

Switch = Literal["blur", "grey", "hide_scores", "keys"]
SWITCHES: tuple[Switch, ...] = get_args(Switch)
# What each does, in words; the key that turns it.
WORDS: dict[Switch, tuple[str, str, str]] = {
    "blur": (N_("Blur comments"), N_("Each comment is readable while it is in focus or under the pointer."), "v"),
    "grey": (N_("Without colour"), N_("The whole console in shades of grey."), "g"),
    "hide_scores": (N_("Hide scores"), N_("Judge first, then look at what the machine said."), "h"),
    "keys": (N_("Keyboard shortcuts"), N_("Single letters act on the card in focus."), ""),
}


class Preferences(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    blur: bool = False
    grey: bool = False
    hide_scores: bool = False
    keys: bool = True
    theme: Literal["system", "light", "dark"] = "system"
    # None: what the browser asks for.
    language: str | None = None


def of(stored: dict[str, Any]) -> Preferences:
    """What an older or newer Gatepost has stored counts as far as it fits."""
    try:
        return Preferences.model_validate(stored)
    except ValidationError:
        return Preferences()
