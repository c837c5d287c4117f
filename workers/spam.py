"""Spam: the prior, the text and the signals, added up as log-odds."""

import math
from collections.abc import Iterable

from service.core.policy import Signal
from workers.signals import weights


def probability(text_log_odds: float, seen: Iterable[Signal]) -> float:
    rule = weights.load()
    text = rule.text * max(-rule.text_limit, min(rule.text_limit, text_log_odds))
    total = rule.prior + text + sum(signal.weight for signal in seen)
    return 1 / (1 + math.exp(-total))
