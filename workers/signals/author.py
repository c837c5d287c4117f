"""What the author's name, address and past say."""

import re

from service.core.policy import Signal
from workers.signals import lists
from workers.signals.signal import Sighting


def name_is_address(sighting: Sighting) -> Signal | None:
    name = sighting.content.author_name or ""
    if re.search(r"https?://|www\.|\w\.(?:com|net|org|info|biz|ru|xyz|top|shop|online)\b", name, re.IGNORECASE):
        return Signal(name="name_is_address", weight=2.5, reason="The author's name is a web address.")
    return None


def disposable_address(sighting: Sighting) -> Signal | None:
    _, _, domain = (sighting.content.author_email or "").casefold().rpartition("@")
    if domain and lists.holds(lists.disposable_domains(), domain):
        return Signal(name="disposable_address", weight=1.5, reason=f"A throw-away e-mail address ({domain}).")
    return None


def approved_before(sighting: Sighting) -> Signal | None:
    approved = sighting.history.author_approved
    if not approved:
        return None
    # A single approval may be a mistake; a dozen are a regular reader.
    weight = -min(0.7 * approved, 3.0)
    return Signal(name="approved_before", weight=weight, reason=f"The author has {approved} approved comments here.")


def rejected_before(sighting: Sighting) -> Signal | None:
    rejected = sighting.history.author_rejected
    if not rejected:
        return None
    weight = min(1.0 * rejected, 3.0)
    return Signal(
        name="rejected_before",
        weight=weight,
        reason=f"{rejected} comments of this author were rejected here.",
    )
