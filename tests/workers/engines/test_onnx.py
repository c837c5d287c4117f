"""The engine that runs exported models, on a tiny graph whose scores are known."""

from pathlib import Path

import numpy as np
import pytest

from service.core.labels import LABELS, TOXICITY_LABELS
from tests import onnx_models
from tests.onnx_models import LOUD, QUIET, WINDOW
from workers.engines import windows
from workers.engines.engine import EngineUnavailableError
from workers.engines.onnx import OnnxEngine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return onnx_models.write(tmp_path / "tiny")


@pytest.fixture
def engine(folder: Path) -> OnnxEngine:
    return OnnxEngine(folder, threads=1)


def test_a_logit_becomes_a_probability(engine: OnnxEngine) -> None:
    [scores] = engine.score(["You idiot"])

    assert scores["insult"] == pytest.approx(1 / (1 + np.exp(-LOUD)), abs=1e-6)
    assert scores["threat"] == pytest.approx(1 / (1 + np.exp(-QUIET)), abs=1e-6)


def test_scores_are_the_six_toxicity_labels(engine: OnnxEngine) -> None:
    assert tuple(engine.score(["nice day"])[0]) == TOXICITY_LABELS


def test_logits_have_a_column_for_every_label_of_the_card(engine: OnnxEngine) -> None:
    logits = engine.logits(["nice day", "kill"])

    assert engine.labels == LABELS
    assert logits.dtype == np.float32
    assert logits.tolist() == [[QUIET] * 7, [QUIET, QUIET, QUIET, LOUD, QUIET, QUIET, QUIET]]


def test_a_label_keeps_its_own_column_whatever_their_order(tmp_path: Path) -> None:
    engine = OnnxEngine(onnx_models.write(tmp_path / "turned", labels=LABELS[::-1]))

    [scores] = engine.score(["idiot"])

    assert max(scores, key=lambda label: scores[label]) == LABELS[::-1][LABELS.index("insult")]


def test_padding_is_not_read(engine: OnnxEngine) -> None:
    assert engine.logits(["nice", "nice day nice day"]).tolist() == [[QUIET] * 7] * 2


@pytest.mark.parametrize("before", [0, 1, WINDOW - 3, WINDOW - 2, WINDOW - 1, 5 * WINDOW, 1000])
def test_a_word_counts_wherever_it_stands_in_a_long_text(engine: OnnxEngine, before: int) -> None:
    [scores] = engine.score(["day " * before + "idiot" + " day" * (1000 - before)])

    assert scores["insult"] > 0.9


def test_a_batch_of_mixed_lengths_keeps_its_order(engine: OnnxEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "TOKENS_PER_BATCH", 2 * WINDOW)
    texts = [word * count for count in (40, 1, 0, 7, 90, 3) for word in ("nice ", "idiot ", "kill ")]

    together = engine.logits(texts)

    assert together.tolist() == [engine.logits([text])[0].tolist() for text in texts]


def test_any_text_gets_six_probabilities(engine: OnnxEngine) -> None:
    texts = ["", " ", "\x00", "\ud800 lone", "ذكي", "今天", "🙂" * 100, "x" * 5000]

    scores = engine.score(texts)

    assert [set(each) for each in scores] == [set(TOXICITY_LABELS)] * len(texts)
    assert all(0 <= value <= 1 for each in scores for value in each.values())


def test_no_texts_give_no_scores(engine: OnnxEngine) -> None:
    assert engine.score([]) == []
    assert engine.logits([]).shape == (0, len(LABELS))


def test_the_card_says_name_version_and_languages(tmp_path: Path) -> None:
    about = {"name": "mine", "version": "7", "languages": None}

    engine = OnnxEngine(onnx_models.write(tmp_path / "mine", **about))

    assert (engine.name, engine.version, engine.languages) == ("mine", "7", None)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_that_changed_is_refused(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b" ")

    with pytest.raises(EngineUnavailableError, match=rf"{name} is damaged or was replaced"):
        OnnxEngine(folder)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "card.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(EngineUnavailableError, match=name):
        OnnxEngine(folder)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_file_of_another_format_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"{}")
    onnx_models.write_card(folder)

    with pytest.raises(EngineUnavailableError, match="cannot be loaded"):
        OnnxEngine(folder)


@pytest.mark.parametrize("about", [{"sha256": {}}, {"labels": ["spam"]}, {"window": "wide"}])
def test_a_card_that_lacks_something_is_refused(folder: Path, about: dict[str, object]) -> None:
    onnx_models.write_card(folder, **about)

    with pytest.raises(EngineUnavailableError):
        OnnxEngine(folder)
