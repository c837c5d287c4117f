"""Exporting small random checkpoints in Detoxify's format: every architecture, in full and in 8 bits."""

# Collecting the tests must not need the extra.

from pathlib import Path
from typing import Any

import pytest

from service.core.labels import TOXICITY_LABELS
from tests.workers.weights import small_checkpoints
from workers.engines.detoxify import DetoxifyEngine
from workers.engines.onnx import OnnxEngine, read_card
from workers.weights import export
from workers.weights.export import ExportError

pytestmark = [
    pytest.mark.detoxify,
    # torch's exporter takes tens of seconds for a graph of any size.
    pytest.mark.timeout(900),
    pytest.mark.filterwarnings("ignore"),
]


@pytest.mark.parametrize("architecture", small_checkpoints.ARCHITECTURES)
def test_a_graph_scores_as_its_checkpoint_does(tmp_path: Path, architecture: str) -> None:
    source = small_checkpoints.write(tmp_path / "source", architecture)
    engine = DetoxifyEngine("multilingual", source)

    difference = export.export(engine, tmp_path / "out", int8=False, force=False)

    exported = OnnxEngine(tmp_path / "out")
    assert difference.largest <= export.FULL_TOLERANCE
    assert exported.labels == TOXICITY_LABELS
    assert exported.languages == engine.languages
    for texts in (["you are an idiot"], ["nice day " * 60 + "idiot", "", "an"]):
        assert exported.score(texts) == [pytest.approx(scores, abs=1e-4) for scores in engine.score(texts)]


@pytest.fixture
def engine(tmp_path: Path) -> DetoxifyEngine:
    return DetoxifyEngine("original", small_checkpoints.write(tmp_path / "source", "bert"))


def test_eight_bits_are_stated_in_the_card_with_what_they_cost(engine: DetoxifyEngine, tmp_path: Path) -> None:
    difference = export.export(engine, tmp_path / "out", int8=True, force=True)

    card: Any = read_card(tmp_path / "out")
    assert card.name == "detoxify-original-int8"
    assert card.quantisation.startswith("int8")
    assert card.difference == {"largest": difference.largest, "mean": difference.mean}
    assert difference.largest > 0


def test_a_graph_that_scores_otherwise_is_not_written(
    engine: DetoxifyEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "INT8_TOLERANCE", 0.0)

    with pytest.raises(ExportError, match="Nothing was written"):
        export.export(engine, tmp_path / "out", int8=True, force=False)

    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_holds_something_is_not_written_to(engine: DetoxifyEngine, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("")

    with pytest.raises(ExportError, match="not empty"):
        export.export(engine, tmp_path, int8=False, force=False)
