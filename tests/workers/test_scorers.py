"""Which engine the settings ask for."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from service.core.settings import Settings
from tests import onnx_models
from tests.engines import WordEngine
from workers import judgement
from workers.engines import compact
from workers.engines.engine import EngineUnavailableError
from workers.scorers import load_scorer


def test_an_exported_model_is_loaded_from_its_folder(tmp_path: Path) -> None:
    folder = onnx_models.write(tmp_path / "mine", name="mine", version="7")

    scorer = load_scorer(Settings(engine="onnx", onnx_folder=folder))

    assert scorer.label.startswith("mine 7, spam ")


def test_without_a_folder_the_error_names_the_setting() -> None:
    with pytest.raises(EngineUnavailableError, match="GATEPOST_ONNX_FOLDER"):
        load_scorer(Settings(engine="onnx"))


def test_a_scorer_is_warm_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = WordEngine()
    monkeypatch.setattr(compact, "load", lambda: engine)

    load_scorer(Settings(engine="compact"))

    assert [len(batch) for batch in engine.batches] == [2]


def test_an_engine_that_cannot_score_is_loaded_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no")

    monkeypatch.setattr(judgement, "judge", fail)

    with capture_logs() as logs:
        scorer = load_scorer(Settings(engine="compact"))

    assert scorer.label.startswith("compact")
    assert [entry["event"] for entry in logs] == ["scorer.not_warm"]
