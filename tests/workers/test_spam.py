"""The text and the signals, added up."""

import pytest

from service.core.policy import DEFAULT_THRESHOLDS, Signal
from workers import signals, spam
from workers.signals import weights


@pytest.mark.parametrize("by_encoder", [None, 0.5])
def test_nothing_seen_is_the_prior(by_encoder: float | None) -> None:
    assert spam.probability(0, by_encoder, []) == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize("log_odds", [-1e308, -710.0, 0.0, 710.0, 1e308])
def test_the_text_model_alone_holds_nothing(log_odds: float) -> None:
    assert 0 < spam.probability(log_odds, None, []) < DEFAULT_THRESHOLDS["spam"]


@pytest.mark.parametrize("by_encoder", [0.0, 1e-300, 0.5, 1.0])
@pytest.mark.parametrize("log_odds", [-1e308, 0.0, 1e308])
def test_no_answer_of_the_encoder_is_too_sure_to_be_added(log_odds: float, by_encoder: float) -> None:
    assert 0 < spam.probability(log_odds, by_encoder, []) < 1


def test_the_encoder_moves_what_the_text_model_does_not_know() -> None:
    harmless, unsure, sold = (spam.probability(0, by_encoder, []) for by_encoder in (0.01, 0.5, 0.99))

    assert harmless < unsure < sold


def test_a_honeypot_alone_holds() -> None:
    honeypot = Signal(name="honeypot", weight=weights.of("honeypot"), reason="")

    assert spam.probability(0, None, [honeypot]) >= DEFAULT_THRESHOLDS["spam"]


def test_only_the_posts_subject_and_approved_comments_speak_against_spam() -> None:
    against = {name for name, weight in weights.load().signals.items() if weight < 0}

    assert against == {"on_topic", "approved_before"}


def test_every_signal_has_its_weight() -> None:
    assert len(weights.load().signals) == len(signals.SIGNALS)
