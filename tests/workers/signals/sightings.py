"""A sighting with everything unremarkable but what the test is about."""

from typing import Any

from service.core import text as texts
from service.core.models import Content
from workers import signals
from workers.signals.signal import Finding, History, Sighting

QUIET = "The treaty of 1839 was about more than a border, as the letters in the archive show quite clearly."


def sight(text: str = QUIET, *, history: History | None = None, **content: Any) -> Sighting:
    return Sighting(Content(text=text, **content), texts.normalise(text), history or History())


def weight(finding: Finding) -> float:
    return signals.weigh(finding).weight
