"""Which engine the settings ask for."""

from pathlib import Path

import pytest

from service.core.settings import Settings
from tests import onnx_models
from workers.engines.engine import EngineUnavailableError
from workers.scorers import load_scorer


def test_an_exported_model_is_loaded_from_its_folder(tmp_path: Path) -> None:
    folder = onnx_models.write(tmp_path / "mine", name="mine", version="7")

    scorer = load_scorer(Settings(engine="onnx", onnx_folder=folder))

    assert scorer.label.startswith("mine 7, spam ")


def test_without_a_folder_the_error_names_the_setting() -> None:
    with pytest.raises(EngineUnavailableError, match="GATEPOST_ONNX_FOLDER"):
        load_scorer(Settings(engine="onnx"))
