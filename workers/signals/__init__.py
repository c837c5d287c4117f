"""Signals: small pieces of evidence for or against spam, each with a weight and a reason in words.

The weights add to the log-odds of the spam text model. They were set by hand, from what real exports and the
labelled sets show; `docs/decisions/0006-spam-signals.md` says how.
"""

from service.core.policy import Signal
from workers.signals import author, behaviour, links, phrases
from workers.signals.signal import Sighting, SignalFunction

SIGNALS: tuple[SignalFunction, ...] = (
    behaviour.honeypot,
    behaviour.too_fast,
    behaviour.duplicate,
    behaviour.velocity,
    links.many,
    links.mostly_links,
    links.forum_markup,
    links.listed,
    links.shortened,
    phrases.in_text,
    phrases.in_name,
    author.name_is_address,
    author.disposable_address,
    author.approved_before,
    author.rejected_before,
)


def collect(sighting: Sighting) -> list[Signal]:
    return [signal for see in SIGNALS if (signal := see(sighting))]
