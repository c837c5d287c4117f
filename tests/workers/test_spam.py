"""The text and the signals, added up."""

import pytest

from service.core.policy import DEFAULT_THRESHOLDS, Signal
from workers import signals, spam
from workers.signals import weights


def test_nothing_seen_is_the_prior() -> None:
    assert spam.probability(0, []) == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize("log_odds", [-1e308, -710.0, 0.0, 710.0, 1e308])
def test_text_alone_holds_nothing(log_odds: float) -> None:
    assert 0 < spam.probability(log_odds, []) < DEFAULT_THRESHOLDS["spam"]


def test_a_honeypot_alone_holds() -> None:
    honeypot = Signal(name="honeypot", weight=weights.of("honeypot"), reason="")

    assert spam.probability(0, [honeypot]) >= DEFAULT_THRESHOLDS["spam"]


def test_only_approved_comments_speak_against_spam() -> None:
    assert [name for name, weight in weights.load().signals.items() if weight < 0] == ["approved_before"]


def test_every_signal_has_its_weight() -> None:
    assert len(weights.load().signals) == len(signals.SIGNALS)
