"""What the author's name, address and past say."""

import re

from workers.signals import lists
from workers.signals.signal import Finding, Sighting

_ADDRESS = re.compile(r"https?://|www\.|\w\.(?:com|net|org|info|biz|ru|xyz|top|shop|online)\b", re.IGNORECASE)
# A single approval may be a mistake; a few are a regular reader, and many are no more than that.
_MOST_APPROVED = 4
_MOST_REJECTED = 3


def name_is_address(sighting: Sighting) -> Finding | None:
    if _ADDRESS.search(sighting.content.author_name or ""):
        return Finding("name_is_address", "The author's name is a web address.")
    return None


def disposable_address(sighting: Sighting) -> Finding | None:
    _, _, domain = (sighting.content.author_email or "").casefold().rpartition("@")
    if domain and lists.holds(lists.disposable_domains(), domain):
        return Finding("disposable_address", f"A throw-away e-mail address ({domain}).")
    return None


def approved_before(sighting: Sighting) -> Finding | None:
    if approved := sighting.history.author_approved:
        reason = f"The author has {approved} approved comments here."
        return Finding("approved_before", reason, min(approved, _MOST_APPROVED))
    return None


def rejected_before(sighting: Sighting) -> Finding | None:
    if rejected := sighting.history.author_rejected:
        reason = f"{rejected} comments of this author were rejected here."
        return Finding("rejected_before", reason, min(rejected, _MOST_REJECTED))
    return None
