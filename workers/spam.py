"""Spam: the prior, what has read the text, and the signals, added up as log-odds."""

import math
from collections.abc import Iterable

from service.core.policy import Signal
from workers.signals import weights

# Of a probability that was rounded to 0 or 1 the log-odds are not finite.
_SUREST = 1e-9


def probability(text_log_odds: float, by_encoder: float | None, seen: Iterable[Signal]) -> float:
    """`by_encoder` is the encoder's own probability; None where it has not read the text."""
    total = weights.load().prior + _read(text_log_odds, by_encoder) + sum(signal.weight for signal in seen)
    return 1 / (1 + math.exp(-total))


def _read(text_log_odds: float, by_encoder: float | None) -> float:
    rule = weights.load()
    text = _limited(text_log_odds, rule.limit)
    if by_encoder is None:
        return rule.text_alone * text
    sure = min(max(by_encoder, _SUREST), 1 - _SUREST)
    encoder = _limited(math.log(sure / (1 - sure)), rule.limit)
    return rule.text_beside_encoder * text + rule.encoder * encoder


def _limited(log_odds: float, limit: float) -> float:
    return max(-limit, min(limit, log_odds))
