"""The Detoxify engine, on small random models in Detoxify's own checkpoint format; no network."""

# ruff: noqa: PLC0415
# Collecting the tests must not need the extra, so torch and its kin are imported where they are used.

import dataclasses
import hashlib
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.core.labels import TOXICITY_LABELS
from workers.engines import checkpoints, windows
from workers.engines.detoxify import DetoxifyEngine
from workers.engines.engine import EngineUnavailableError

Predict = Callable[[str], dict[str, float]]
WriteBase = Callable[[Path], Any]

pytestmark = pytest.mark.detoxify

ORIGINAL = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
UNBIASED = [
    "toxicity",
    "severe_toxicity",
    "obscene",
    "identity_attack",
    "insult",
    "threat",
    "sexual_explicit",
]
WINDOW = 32
LONG = "nice day " * 60


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise OSError("the test allows no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "bert")


@pytest.fixture
def predict(tmp_path: Path) -> Predict:
    """Give the library's own answer for the model in `folder`."""
    import detoxify

    reference = write_folder(tmp_path / "reference", model_type=str(tmp_path / "reference"))
    detoxifier = detoxify.Detoxify(checkpoint=str(reference / "tiny.ckpt"))
    detoxifier.tokenizer.model_max_length = WINDOW
    predict: Predict = detoxifier.predict
    return predict


def write_folder(
    folder: Path,
    base: WriteBase | None = None,
    classes: list[str] | None = None,
    model_type: str = "",
) -> Path:
    """Write what an operator would put there: a checkpoint, its checksum, and the base model's files."""
    import torch
    import transformers

    folder.mkdir()
    config = (base or write_bert)(folder)
    # The published base configurations do not know the number of classes; the checkpoint does.
    config.save_pretrained(folder)
    config.num_labels = 16 if classes else 6
    torch.manual_seed(7)
    model = getattr(transformers, f"{'Roberta' if base else 'Bert'}ForSequenceClassification")(config)
    arguments = {
        "model_type": model_type or "bert-base-uncased",
        "model_name": type(model).__name__,
        "tokenizer_name": "RobertaTokenizer" if base else "BertTokenizer",
        "num_classes": config.num_labels,
    }
    config_of_training = {"arch": {"args": arguments}, "dataset": {"args": {"classes": classes or ORIGINAL}}}
    # The published checkpoints hold this buffer, of which today's transformers know nothing.
    positions = {f"{model.base_model_prefix}.embeddings.position_ids": torch.arange(WINDOW)}
    save({"config": config_of_training, "state_dict": model.state_dict() | positions}, folder / "tiny.ckpt")
    return folder


def write_bert(folder: Path) -> Any:
    import transformers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "are", "an", "idiot", "nice", "day"]
    tokenizer = transformers.BertTokenizer(vocab={word: index for index, word in enumerate(words)})
    tokenizer.save_pretrained(folder)
    return transformers.BertConfig(vocab_size=len(words), max_position_embeddings=WINDOW, **SIZES)


def write_roberta(folder: Path) -> Any:
    import transformers

    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *"abcdefghijklmnopqrstuvwxyz"]
    tokenizer = transformers.RobertaTokenizer(vocab={piece: index for index, piece in enumerate(pieces)}, merges=[])
    tokenizer.save_pretrained(folder)
    return transformers.RobertaConfig(
        vocab_size=len(pieces),
        max_position_embeddings=WINDOW + 2,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        **SIZES,
    )


# Weights far larger than in training, so that every word moves the scores.
SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "initializer_range": 0.5,
}


def save(checkpoint: object, path: Path) -> None:
    import torch

    torch.save(checkpoint, path)
    path.with_name("SHA256SUMS").write_text(f"{sha256(path)}  {path.name}\n")


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def publish(monkeypatch: pytest.MonkeyPatch, checkpoint: Path, digits: str) -> None:
    """Let the engine believe that the checkpoint is the one that it published as `original`."""
    path = checkpoint.rename(checkpoint.with_name(f"original-{digits}.ckpt"))
    published = dataclasses.replace(checkpoints.PUBLISHED["original"], url=path.as_uri())
    monkeypatch.setitem(checkpoints.PUBLISHED, "original", published)


def test_scores_equal_those_of_the_library(folder: Path, predict: Predict) -> None:
    texts = ["", "you are an idiot", "nice day", "an unknown word", "day " * (WINDOW - 2)]

    scores = DetoxifyEngine(folder=folder).score(texts)

    assert scores == [pytest.approx(predict(text), abs=1e-4) for text in texts]


def test_a_batch_of_mixed_lengths_keeps_its_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "TOKENS_PER_BATCH", 2 * WINDOW)
    engine = DetoxifyEngine(folder=folder)
    texts = [word * count for count in (40, 1, 0, 7, 90, 3) for word in ("nice ", "idiot ")]

    together = engine.score(texts)

    assert together == [pytest.approx(engine.score([text])[0], abs=1e-4) for text in texts]


def test_the_library_does_not_see_the_end_of_a_long_text(predict: Predict) -> None:
    assert predict(LONG) == predict(LONG + "idiot")


@pytest.mark.parametrize("base", [None, write_roberta])
def test_the_end_of_a_long_text_counts(tmp_path: Path, base: WriteBase | None) -> None:
    engine = DetoxifyEngine(folder=write_folder(tmp_path / "model", base))

    nice, nasty = engine.score([LONG, LONG + "idiot"])

    assert nice != pytest.approx(nasty, abs=1e-4)


def test_a_long_text_scores_its_worst_window(folder: Path, predict: Predict) -> None:
    words = (LONG + "idiot").split()
    size, step = WINDOW - 2, WINDOW - 2 - WINDOW // 4
    starts = [start for start in range(0, len(words), step) if start == 0 or start + size - step < len(words)]
    windows = [predict(" ".join(words[start : start + size])) for start in starts]

    [scores] = DetoxifyEngine(folder=folder).score([LONG + "idiot"])

    assert scores == pytest.approx(
        {label: max(window[label] for window in windows) for label in TOXICITY_LABELS}, abs=1e-4
    )


def test_classes_beyond_the_six_labels_are_dropped(tmp_path: Path) -> None:
    engine = DetoxifyEngine("unbiased", write_folder(tmp_path / "unbiased", classes=UNBIASED))

    [scores] = engine.score(["you are an idiot"])

    assert tuple(scores) == TOXICITY_LABELS


def test_a_label_keeps_its_own_column_whatever_their_order(tmp_path: Path, folder: Path) -> None:
    turned = write_folder(tmp_path / "turned")
    checkpoint = read(turned / "tiny.ckpt")
    checkpoint["config"]["dataset"]["args"]["classes"] = ORIGINAL[::-1]
    save(checkpoint, turned / "tiny.ckpt")

    [scores] = DetoxifyEngine(folder=folder).score(["idiot"])
    [turned_scores] = DetoxifyEngine(folder=turned).score(["idiot"])

    assert list(turned_scores.values()) == list(scores.values())[::-1]


def read(path: Path) -> Any:
    import torch

    return torch.load(path, weights_only=True)


def test_any_text_gets_six_probabilities(folder: Path) -> None:
    texts = ["", " ", "\x00", "\ud800 lone", "ذكي", "今天", "🙂" * 100, "x" * 5000]

    scores = DetoxifyEngine(folder=folder).score(texts)

    assert [set(each) for each in scores] == [set(TOXICITY_LABELS)] * len(texts)
    assert all(0 <= value <= 1 for each in scores for value in each.values())


def test_no_texts_give_no_scores(folder: Path) -> None:
    assert DetoxifyEngine(folder=folder).score([]) == []


def test_name_and_version_tell_model_library_and_checkpoint(folder: Path) -> None:
    engine = DetoxifyEngine(folder=folder)

    assert engine.name == "detoxify-original"
    assert engine.version == f"0.5.4+{sha256(folder / 'tiny.ckpt')[:8]}"


def test_threads_are_set_when_asked_for(folder: Path) -> None:
    import torch

    DetoxifyEngine(folder=folder, threads=1)

    assert torch.get_num_threads() == 1


def test_a_checkpoint_that_changed_is_refused(folder: Path) -> None:
    with (folder / "tiny.ckpt").open("ab") as checkpoint:
        checkpoint.write(b"more")

    with pytest.raises(EngineUnavailableError, match="damaged or another file"):
        DetoxifyEngine(folder=folder)


def test_a_checkpoint_without_a_checksum_is_refused_with_the_way_to_write_one(folder: Path) -> None:
    (folder / "SHA256SUMS").unlink()

    with pytest.raises(EngineUnavailableError, match=r"sha256sum tiny\.ckpt > SHA256SUMS"):
        DetoxifyEngine(folder=folder)


def test_a_published_checkpoint_is_known_by_the_hash_in_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "SHA256SUMS").unlink()
    publish(monkeypatch, folder / "tiny.ckpt", sha256(folder / "tiny.ckpt")[:8])

    assert DetoxifyEngine(folder=folder).score(["nice day"])


def test_a_published_name_on_another_file_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "SHA256SUMS").unlink()
    publish(monkeypatch, folder / "tiny.ckpt", "01234567")

    with pytest.raises(EngineUnavailableError, match="damaged or another file"):
        DetoxifyEngine(folder=folder)


def test_a_checkpoint_published_for_another_model_is_refused(folder: Path) -> None:
    (folder / "tiny.ckpt").rename(folder / "toxic_debiased-c7548aa0.ckpt")

    with pytest.raises(EngineUnavailableError, match="must hold toxic_original"):
        DetoxifyEngine("original", folder)


class Program:
    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("ran",)


def test_a_checkpoint_never_runs_code(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    save({**read(folder / "tiny.ckpt"), "extra": Program()}, folder / "tiny.ckpt")

    with pytest.raises(EngineUnavailableError, match="could run code"):
        DetoxifyEngine(folder=folder)

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("checkpoint", [{"weights": 1}, {"config": {}, "state_dict": {}}, {"config": 5}, []])
def test_another_format_is_refused(folder: Path, checkpoint: object) -> None:
    save(checkpoint, folder / "tiny.ckpt")

    with pytest.raises(EngineUnavailableError, match="not in Detoxify's format"):
        DetoxifyEngine(folder=folder)


def test_a_missing_folder_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError) as refusal:
        DetoxifyEngine("multilingual", tmp_path / "absent")

    for part in (
        str(tmp_path / "absent"),
        "https://github.com/unitaryai/detoxify/releases/download/v0.4-alpha/multilingual_debiased-0b549669.ckpt",
        "https://huggingface.co/xlm-roberta-base/resolve/main/tokenizer.json",
        "GATEPOST_DETOXIFY_FOLDER",
    ):
        assert part in str(refusal.value)


@pytest.mark.parametrize("name", checkpoints.BASE_FILES)
def test_a_missing_file_of_the_base_model_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()

    with pytest.raises(EngineUnavailableError, match=f"has no {name}"):
        DetoxifyEngine(folder=folder)


def test_without_network_the_error_names_the_way_out() -> None:
    with pytest.raises(EngineUnavailableError, match="GATEPOST_DETOXIFY_FOLDER"):
        DetoxifyEngine()


def test_without_the_base_models_files_online_the_error_names_the_way_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Offline mode skips the hub's retries, half a minute of them.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    publish(monkeypatch, folder / "tiny.ckpt", sha256(folder / "tiny.ckpt")[:8])

    with pytest.raises(EngineUnavailableError, match="GATEPOST_DETOXIFY_FOLDER"):
        DetoxifyEngine()


def test_a_download_is_scored_like_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    online = write_folder(tmp_path / "online", model_type=str(folder))
    publish(monkeypatch, online / "tiny.ckpt", sha256(online / "tiny.ckpt")[:8])

    scores = DetoxifyEngine().score(["idiot"])

    assert scores == DetoxifyEngine(folder=folder).score(["idiot"])


def test_a_download_that_is_not_the_published_file_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, folder / "tiny.ckpt", "01234567")

    with pytest.raises(EngineUnavailableError, match="invalid hash value"):
        DetoxifyEngine()


def test_an_unknown_model_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EngineUnavailableError, match="known are original, unbiased"):
        DetoxifyEngine("orginal")


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "detoxify", None)

    with pytest.raises(EngineUnavailableError, match=r"pip install '\.\[detoxify\]'"):
        DetoxifyEngine()


def test_the_addresses_are_those_of_the_library() -> None:
    from detoxify.detoxify import MODEL_URLS

    assert {model: checkpoint.url for model, checkpoint in checkpoints.PUBLISHED.items()} == MODEL_URLS


@pytest.mark.parametrize(("model", "known"), [("original", False), ("multilingual", True)])
def test_only_the_multilingual_model_judges_french(tmp_path: Path, model: str, *, known: bool) -> None:
    engine = DetoxifyEngine(model, write_folder(tmp_path / "model"))

    assert ("fr" in engine.languages) == known
