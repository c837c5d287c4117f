"""Signals: small pieces of evidence for or against spam, each with a strength and a reason in words.

What a signal weighs is in `weights.json`: learnt where there is data, else set by hand
(`docs/decisions/0013-spam-encoder.md`).
"""

from service.core.policy import Signal
from workers.signals import author, behaviour, disguise, links, phrases, script, subject, weights, wording
from workers.signals.signal import Finding, Sighting, SignalFunction

SIGNALS: tuple[SignalFunction, ...] = (
    behaviour.honeypot,
    behaviour.too_fast,
    behaviour.duplicate,
    behaviour.near_duplicate,
    behaviour.near_duplicate_elsewhere,
    behaviour.velocity,
    behaviour.author_velocity,
    behaviour.host_velocity,
    links.many,
    links.mostly_links,
    links.keyword_links,
    links.forum_markup,
    links.listed,
    links.shortened,
    links.trade_address,
    links.odd_address,
    links.redirect,
    phrases.advertising,
    phrases.blocklisted,
    phrases.keyword_name,
    phrases.praise,
    wording.gibberish,
    wording.unfilled_template,
    wording.contact,
    disguise.letters,
    script.foreign_script,
    script.foreign_language,
    subject.on_topic,
    author.name_is_address,
    author.disposable_address,
    author.approved_before,
    author.rejected_before,
)


def find(sighting: Sighting) -> list[Finding]:
    return [finding for see in SIGNALS if (finding := see(sighting))]


def collect(sighting: Sighting) -> list[Signal]:
    return [weigh(finding) for finding in find(sighting)]


def weigh(found: Finding) -> Signal:
    return Signal(name=found.name, weight=round(weights.of(found.name) * found.strength, 3), reason=found.reason)
