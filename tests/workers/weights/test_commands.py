"""`gatepost models`, as an operator calls it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests import onnx_models
from workers.cli import app
from workers.engines import checkpoints
from workers.weights import inventory


def models(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, words)], env={"COLUMNS": "200"})


@pytest.fixture
def detoxify(tmp_path: Path) -> Path:
    folder = tmp_path / "detoxify"
    folder.mkdir()
    (folder / "my.ckpt").write_bytes(b"weights")
    (folder / "SHA256SUMS").write_text("9d16cee21f3ba47d1c31ba9d6ab2f8fdb66b3a0cfd3d1b6cfc5f6fdc2a8c4a9a  my.ckpt\n")
    return folder


def test_the_list_shows_what_is_bundled_and_what_can_be_fetched() -> None:
    shown = models("list").output

    assert "toxicity" in shown
    assert "verified" in shown
    for name in checkpoints.PUBLISHED:
        assert name in shown


def test_the_list_shows_the_exported_model_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_ONNX_FOLDER", str(onnx_models.write(tmp_path / "exported-here")))

    assert "exported-here" in models("list").output


def test_all_that_is_bundled_is_as_its_cards_describe() -> None:
    result = models("verify")

    assert result.exit_code == 0
    assert "toxicity.json: as described" in result.output


def test_an_exported_model_is_verified_by_its_card(tmp_path: Path) -> None:
    assert models("verify", onnx_models.write(tmp_path / "tiny")).exit_code == 0


def test_a_damaged_file_is_named_and_the_command_fails(tmp_path: Path) -> None:
    folder = onnx_models.write(tmp_path / "tiny")
    (folder / "tokenizer.json").write_text("{}")

    result = models("verify", folder)

    assert result.exit_code == 1
    assert "tokenizer.json is damaged or was replaced" in result.output


def test_a_checkpoint_is_verified_by_its_checksum(detoxify: Path) -> None:
    result = models("verify", detoxify)

    assert result.exit_code == 1
    assert "my.ckpt is damaged or another file" in result.output


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    result = models("verify", tmp_path)

    assert result.exit_code == 1
    assert "holds neither" in result.output


@pytest.mark.parametrize("words", [("verify", "unheard-of"), ("fetch", "orginal", "--folder", "there")])
def test_an_unknown_model_is_refused(words: tuple[str, ...]) -> None:
    assert models(*words).exit_code == 1


def test_without_network_fetch_says_how_to_get_the_weights(tmp_path: Path) -> None:
    result = models("fetch", "original", "--folder", tmp_path, "--mirror", "http://127.0.0.1:9")

    assert result.exit_code == 1
    assert "https://huggingface.co/bert-base-uncased/resolve/main/tokenizer.json" in result.output


def test_an_export_from_an_empty_folder_says_what_is_missing(tmp_path: Path) -> None:
    result = models("export", tmp_path, "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert "config.json" in result.output or "pip install '.[detoxify]'" in result.output


def test_downloads_of_torch_are_looked_for_where_its_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", "/srv/torch")

    assert inventory.hub_folder() == Path("/srv/torch/hub/checkpoints")
