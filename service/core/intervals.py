"""Shares with what they may be by chance: Wilson's score interval at 95% (JASA 22, 1927), which holds for few."""

import math

from pydantic import BaseModel, Field

_Z = 1.959964  # the normal distribution's 97.5% point


class Share(BaseModel):
    """A part of a whole. Of nothing there is no share."""

    count: int
    of: int
    share: float | None = None
    low: float | None = Field(None, description="The lower end of the 95% interval (Wilson).")
    high: float | None = Field(None, description="The upper end.")

    def __str__(self) -> str:
        if self.share is None or self.low is None or self.high is None:
            return "none to count"
        return f"{self.share:.1%} ({self.low:.1%} to {self.high:.1%}; {self.count} of {self.of})"


def share(count: int, of: int) -> Share:
    if of == 0:
        return Share(count=count, of=of)
    low, high = wilson(count, of)
    return Share(count=count, of=of, share=round(count / of, 4), low=round(low, 4), high=round(high, 4))


def wilson(count: float, of: float) -> tuple[float, float]:
    """The interval for the probability behind `count` of `of` (at least 1), which weights may have made fractions."""
    part, spread = count / of, _Z * _Z / of
    middle = part + spread / 2
    reach = _Z * math.sqrt(part * (1 - part) / of + spread / (4 * of))
    # At the ends the interval touches them; rounding must not put it beside.
    low = 0.0 if count == 0 else (middle - reach) / (1 + spread)
    high = 1.0 if count == of else (middle + reach) / (1 + spread)
    return low, high
