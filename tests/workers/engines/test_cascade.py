"""The cascade: whom it asks, and how two answers become one. On the bundled linear model and a tiny graph."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.core.labels import LABELS, TOXICITY_LABELS
from tests import onnx_models
from tests.onnx_models import LOUD, QUIET
from workers.engines import cascade, compact
from workers.engines.cascade import Blend, CascadeEngine
from workers.engines.linear import Floats
from workers.engines.onnx import OnnxEngine

INSULT = TOXICITY_LABELS.index("insult")
MODEL = compact.load_model()


def same(number: float) -> Floats:
    return np.full(len(TOXICITY_LABELS), number, np.float32)


ENCODER_ALONE = Blend(linear=same(0), encoder=same(1), shift=same(0), certain=-np.inf)


@pytest.fixture
def encoder(tmp_path: Path) -> OnnxEngine:
    return OnnxEngine(onnx_models.write(tmp_path / "tiny"), threads=1)


def test_the_two_answers_are_added_up_by_their_weights(encoder: OnnxEngine) -> None:
    blend = Blend(linear=same(0.5), encoder=same(2), shift=same(-1), certain=-np.inf)

    [row] = CascadeEngine(MODEL, encoder, blend).log_odds(["you idiot"])

    expected = 0.5 * MODEL.log_odds(["you idiot"])[0, INSULT] + 2 * LOUD - 1
    assert row[INSULT] == pytest.approx(expected, abs=1e-4)


def test_what_the_linear_model_is_certain_of_the_encoder_is_not_asked(encoder: OnnxEngine) -> None:
    texts = ["you idiot", "thank you for the idiot-proof explanation of the treaty"]
    between = float(MODEL.log_odds(texts).max(axis=1).mean())

    rows = CascadeEngine(MODEL, encoder, replace(ENCODER_ALONE, certain=between)).log_odds(texts)

    assert rows[0, INSULT] == pytest.approx(LOUD)
    assert rows[1].tolist() == MODEL.log_odds(texts)[1].tolist()


def test_the_encoder_reads_the_normalised_text(encoder: OnnxEngine) -> None:
    rows = CascadeEngine(MODEL, encoder, ENCODER_ALONE).log_odds(["you ID\u200bIOT"])

    assert rows[0, INSULT] == pytest.approx(LOUD)


def test_scores_are_the_probabilities_of_the_six_labels_and_spam(encoder: OnnxEngine) -> None:
    [scores] = CascadeEngine(MODEL, encoder, ENCODER_ALONE).score(["idiot"])

    assert tuple(scores) == LABELS
    assert scores["spam"] == pytest.approx(1 / (1 + np.exp(-QUIET)), abs=1e-6)
    assert scores["insult"] == pytest.approx(1 / (1 + np.exp(-LOUD)), abs=1e-6)
    assert scores["threat"] == pytest.approx(1 / (1 + np.exp(-QUIET)), abs=1e-6)


def test_where_the_encoder_was_not_asked_nothing_is_said_of_spam(encoder: OnnxEngine) -> None:
    [scores] = CascadeEngine(MODEL, encoder, replace(ENCODER_ALONE, certain=np.inf)).score(["idiot"])

    assert tuple(scores) == TOXICITY_LABELS


def test_the_encoder_reads_a_text_once_for_all_labels(encoder: OnnxEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = encoder.logits

    def logits(texts: Sequence[str]) -> Floats:
        read.extend(texts)
        return whole(texts)

    monkeypatch.setattr(encoder, "logits", logits)

    CascadeEngine(MODEL, encoder, ENCODER_ALONE).score(["idiot", "nice day"])

    assert read == ["idiot", "nice day"]


def test_no_texts_have_no_scores(encoder: OnnxEngine) -> None:
    assert CascadeEngine(MODEL, encoder, ENCODER_ALONE).score([]) == []


def test_a_blend_is_read_as_it_was_written(tmp_path: Path) -> None:
    blend = Blend(linear=same(0.25), encoder=same(0.75), shift=same(-0.5), certain=-9.0)

    cascade.save_blend(blend, tmp_path / "blend.json")

    read = cascade.load_blend(tmp_path / "blend.json")
    assert read.certain == blend.certain
    assert read.apply(same(1), same(2)).tolist() == blend.apply(same(1), same(2)).tolist()


def test_a_comment_has_the_same_scores_whoever_stands_beside_it() -> None:
    engine = cascade.load(threads=1)
    texts = ["you are an idiot", "thank you for the long and careful answer", "they should all be sent back", "k"]

    assert engine.score(texts) == [engine.score([one])[0] for one in texts]
