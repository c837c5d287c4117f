"""Words that were spelt so that a filter misses them."""

from workers.signals.signal import Finding, Sighting

_MOST_SHOWN = 3
_LONGEST_SHOWN = 40  # characters


def letters(sighting: Sighting) -> Finding | None:
    """People write “@” for “a” now and then, or for filters elsewhere: a hint of spam, no more."""
    pairs = dict.fromkeys(f"“{_short(each.written)}” for “{_short(each.meant)}”" for each in sighting.disguises)
    if not pairs:
        return None
    return Finding(name="disguise", reason=f"Letters were disguised: {', '.join([*pairs][:_MOST_SHOWN])}.")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
