"""How the comment came: what a program does and a person does not."""

import ipaddress

from workers.signals.signal import Finding, Sighting

_FASTEST_WRITER_SECONDS = 2.0
_LIVELY_THREAD = 5  # comments from one address or author in ten minutes; more is a flood
_FLOOD = 10
_COMMON_PHRASE = 25  # characters: “Thank you!” is written by many
_MOST_COPIES = 3
_POPULAR_HOST = 5  # comments with one host in a day; fewer may be readers who argue about one article
_PUSHED_HOST = 20


def honeypot(sighting: Sighting) -> Finding | None:
    if sighting.content.honeypot:
        return Finding("honeypot", "A form field that people do not see was filled in.")
    return None


def too_fast(sighting: Sighting) -> Finding | None:
    seconds = sighting.content.fill_seconds
    if seconds is not None and seconds < _FASTEST_WRITER_SECONDS:
        return Finding("too_fast", f"The form was sent after {seconds:.1f} seconds.")
    return None


def duplicate(sighting: Sighting) -> Finding | None:
    same = sighting.history.same_text
    if not same or len(sighting.normalised) < _COMMON_PHRASE:
        return None
    reason = f"The same text came {_times(same)} before, within a day."
    return Finding("duplicate", reason, min(same, _MOST_COPIES))


def near_duplicate(sighting: Sighting) -> Finding | None:
    # What is the very same has been told.
    similar = sighting.history.similar - sighting.history.same_text
    if similar <= 0:
        return None
    reason = f"Nearly the same text came {_times(similar)} before, within a week."
    return Finding("near_duplicate", reason, min(similar, _MOST_COPIES))


def near_duplicate_elsewhere(sighting: Sighting) -> Finding | None:
    """Says neither where nor what: another site's comments are its own affair."""
    if similar := sighting.history.similar_elsewhere:
        reason = "Nearly the same text came to other sites of this server, within a week."
        return Finding("near_duplicate_elsewhere", reason, min(similar, _MOST_COPIES))
    return None


def velocity(sighting: Sighting) -> Finding | None:
    recent = sighting.history.recent_from_address
    # A blog behind a proxy may give the proxy's own address for everybody.
    if not ipaddress.ip_address(sighting.content.author_ip or "127.0.0.1").is_global or recent < _LIVELY_THREAD:
        return None
    return Finding("velocity", f"{recent} comments from this address in ten minutes.", min(recent / _FLOOD, 1))


def author_velocity(sighting: Sighting) -> Finding | None:
    recent = sighting.history.recent_from_author
    if recent < _LIVELY_THREAD:
        return None
    return Finding("author_velocity", f"{recent} comments of this author in ten minutes.", min(recent / _FLOOD, 1))


def host_velocity(sighting: Sighting) -> Finding | None:
    recent = sighting.history.recent_with_host
    if recent < _POPULAR_HOST:
        return None
    reason = f"{recent} comments with a link to the same address in a day."
    return Finding("host_velocity", reason, min(recent / _PUSHED_HOST, 1))


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
