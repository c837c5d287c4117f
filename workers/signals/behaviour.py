"""How the comment came: what a program does and a person does not."""

import ipaddress

from service.core.policy import Signal
from workers.signals.signal import Sighting

_FASTEST_WRITER_SECONDS = 2.0
_LIVELY_THREAD = 5  # comments from one address in ten minutes; more is a flood
_COMMON_PHRASE = 25  # characters: “Thank you!” is written by many


def honeypot(sighting: Sighting) -> Signal | None:
    if sighting.content.honeypot:
        return Signal(name="honeypot", weight=6.0, reason="A form field that people do not see was filled in.")
    return None


def too_fast(sighting: Sighting) -> Signal | None:
    seconds = sighting.content.fill_seconds
    if seconds is not None and seconds < _FASTEST_WRITER_SECONDS:
        return Signal(name="too_fast", weight=2.0, reason=f"The form was sent after {seconds:.1f} seconds.")
    return None


def duplicate(sighting: Sighting) -> Signal | None:
    same = sighting.history.same_text
    if not same or len(sighting.normalised) < _COMMON_PHRASE:
        return None
    times = "once" if same == 1 else f"{same} times"
    return Signal(
        name="duplicate",
        weight=min(1.5 * same, 4.0),
        reason=f"The same text came {times} before, within a day.",
    )


def velocity(sighting: Sighting) -> Signal | None:
    recent = sighting.history.recent_from_address
    # A blog behind a proxy may give the proxy's own address for everybody.
    if not ipaddress.ip_address(sighting.content.author_ip or "127.0.0.1").is_global:
        return None
    if recent < _LIVELY_THREAD:
        return None
    weight = min(0.4 * recent, 4.0)
    return Signal(name="velocity", weight=weight, reason=f"{recent} comments from this address in ten minutes.")
