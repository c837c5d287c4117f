"""What every signal looks at. A signal is a pure function of a `Sighting`; None when it saw nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from service.core.models import Content
from service.core.policy import Signal


@dataclass(frozen=True)
class History:
    """What this site has seen before this comment."""

    author_approved: int = 0  # comments of the same author that are approved
    author_rejected: int = 0  # … that a human has rejected
    same_text: int = 0  # other comments with the same text, in the last day
    recent_from_address: int = 0  # other comments from the same address, in the last ten minutes


@dataclass(frozen=True)
class Sighting:
    content: Content
    normalised: str  # the text as it is scored
    history: History


SignalFunction = Callable[[Sighting], Signal | None]
