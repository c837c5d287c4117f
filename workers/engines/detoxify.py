"""Detoxify's published models (BERT, RoBERTa, XLM-R, ALBERT) as an engine; needs the extra `detoxify`."""

# ruff: noqa: PLC0415
# torch comes with an extra only and takes seconds to import, so its imports wait until an engine is made.

import hashlib
import pickle
import re
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import numpy as np

from service.core.labels import TOXICITY_LABELS, Scores
from workers.engines import windows
from workers.engines.engine import EngineUnavailableError
from workers.engines.windows import Floats

# Detoxify's model -> the Hugging Face model that it was trained from, whose files it needs beside its own.
BASES = {
    "original": "bert-base-uncased",
    "unbiased": "roberta-base",
    "multilingual": "xlm-roberta-base",
    "original-small": "albert-base-v2",
    "unbiased-small": "albert-base-v2",
}
# Without the tokenizer's files transformers 5 quietly makes an empty tokenizer that knows no word.
BASE_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")
LANGUAGES = {
    "multilingual": frozenset({"en", "fr", "es", "it", "pt", "tr", "ru"}),
}
CHECKSUMS = "SHA256SUMS"


class DetoxifyEngine:
    """Scores as `Detoxify.predict` does, but many texts at once and none cut short.

    A text beyond the model's window is read in overlapping windows; each label takes its highest score.
    Not for concurrent use: the tokenizer keeps its settings between calls.
    """

    def __init__(
        self,
        model: str = "original",
        folder: Path | None = None,
        device: str = "cpu",
        threads: int | None = None,
    ) -> None:
        if model not in BASES:
            raise EngineUnavailableError(f"Detoxify has no model {model!r}; known are {', '.join(BASES)}.")
        try:
            detoxifier, sha256 = _load(model, folder, device)
            self._columns = [detoxifier.class_names.index(label) for label in TOXICITY_LABELS]
        except ImportError as error:
            raise EngineUnavailableError(
                "Not installed: pip install '.[detoxify]' in Gatepost's source tree"
            ) from error
        except (OSError, RuntimeError, ValueError) as error:
            reason = f"Detoxify's {model!r} model cannot be loaded: {error}"
            raise EngineUnavailableError(f"{reason}\n{_way_out(model)}") from error
        if threads is not None:
            _limit_threads(threads)
        self._model: Any = detoxifier.model.eval()
        self._tokenizer: Any = detoxifier.tokenizer
        self.languages = LANGUAGES.get(model, frozenset({"en"}))
        self.name = f"detoxify-{model}"
        self.version = f"{metadata.version('detoxify')}+{sha256[:8]}"

    def score(self, texts: Sequence[str]) -> list[Scores]:
        if not texts:
            return []
        read, owners = self._split(texts)
        lengths = [len(window["input_ids"]) for window in read]
        rows = windows.highest(lengths, owners, lambda batch: self._infer([read[index] for index in batch]))
        return [dict(zip(TOXICITY_LABELS, row, strict=True)) for row in rows.tolist()]

    def _split(self, texts: Sequence[str]) -> tuple[list[dict[str, list[int]]], list[int]]:
        """Cut each text into windows of tokens; give the windows, and for each the index of its text."""
        size = _window(self._model.config, self._tokenizer.model_max_length)
        encoded = self._tokenizer(
            [windows.encodable(text) for text in texts],
            truncation=True,
            max_length=size,
            stride=windows.overlap(size),
            return_overflowing_tokens=True,
        )
        owners = encoded.pop("overflow_to_sample_mapping")
        read = zip(*encoded.values(), strict=True)
        return [dict(zip(encoded, window, strict=True)) for window in read], owners

    def _infer(self, batch: list[dict[str, list[int]]]) -> Floats:
        import torch

        inputs = self._tokenizer.pad(batch, return_tensors="pt").to(self._model.device)
        with torch.inference_mode():
            probabilities = torch.sigmoid(self._model(**inputs).logits)[:, self._columns]
        return np.asarray(probabilities.cpu(), np.float32)


def _limit_threads(threads: int) -> None:
    """Limit the whole process: torch knows nothing narrower."""
    import torch

    torch.set_num_threads(threads)


def _window(config: Any, tokenizer_limit: int) -> int:
    """Tokens that the model can see at once, special ones included."""
    # RoBERTa numbers its positions from the padding token's id + 1.
    unused = config.pad_token_id + 1 if "roberta" in config.model_type else 0
    return min(int(config.max_position_embeddings - unused), tokenizer_limit)


def _load(model: str, folder: Path | None, device: str) -> tuple[Any, str]:
    """Give the library's object and its checkpoint's SHA-256; raises OSError, RuntimeError or ValueError."""
    from detoxify import Detoxify

    path = _download(model) if folder is None else _find(model, folder)
    with path.open("rb") as checkpoint, tempfile.TemporaryFile() as copy:
        sha256 = hashlib.file_digest(checkpoint, "sha256").hexdigest()
        _verify(path, sha256)
        try:
            _copy(checkpoint, folder, copy)
            return Detoxify(model, checkpoint=copy, device=device), sha256
        except (EOFError, pickle.UnpicklingError) as error:
            raise ValueError(f"{path} holds more than tensors: it could run code.") from error
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is not in Detoxify's format.") from error


def _download(model: str) -> Path:
    """Fetch to where the library itself would; unlike the library, check what arrives."""
    import torch
    from detoxify.detoxify import MODEL_URLS

    url = MODEL_URLS[model]
    path = Path(torch.hub.get_dir(), "checkpoints", Path(url).name)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), _hash_in_name(path), progress=False)
    return path


def _find(model: str, folder: Path) -> Path:
    from detoxify.detoxify import MODEL_URLS

    missing = [name for name in BASE_FILES if not (folder / name).is_file()]
    if missing:
        raise ValueError(f"the folder {folder} is missing or has no {', '.join(missing)}.")
    published = {Path(url).name for url in MODEL_URLS.values()}
    own = folder / Path(MODEL_URLS[model]).name
    found = [own] if own.is_file() else [path for path in folder.glob("*.ckpt") if path.name not in published]
    if len(found) != 1:
        raise ValueError(f"the folder {folder} must hold {own.name}, or one checkpoint (*.ckpt) of your own.")
    return found[0]


def _verify(path: Path, sha256: str) -> None:
    """Refuse a checkpoint that is not the one published, or not the one that the operator wrote down."""
    from detoxify.detoxify import MODEL_URLS

    sums = path.with_name(CHECKSUMS)
    text = sums.read_text() if sums.is_file() else ""
    listed = {name: digest.lower() for digest, name in re.findall(r"(?m)^([0-9a-fA-F]{64}) [ *](.+)$", text)}
    published = {Path(url).name: _hash_in_name(Path(url)) for url in MODEL_URLS.values()}
    expected = listed.get(path.name) or published.get(path.name)
    if expected is None:
        raise ValueError(
            f"{path} is not one that Detoxify published. If you trust where it comes from, write down its"
            f" checksum: run `sha256sum {path.name} > {CHECKSUMS}` in its folder."
        )
    if not sha256.startswith(expected):
        raise ValueError(f"{path} is damaged or another file: its SHA-256 is {sha256}, not {expected}.")


def _hash_in_name(path: Path) -> str:
    """Give the first digits of the file's SHA-256, as torch.hub's convention puts them into its name."""
    return path.stem.rpartition("-")[2]


def _copy(checkpoint: IO[bytes], folder: Path | None, copy: IO[bytes]) -> None:
    """Rewrite the checkpoint so that the library loads it without running code and, from a folder, offline.

    Detoxify 0.5.4 unpickles with weights_only=False: to it, a checkpoint is a program. And it asks Hugging
    Face for the configuration of `model_type` even when huggingface_config_path is given; the model that it
    then builds from that path has the wrong number of classes. A folder as `model_type` serves every look-up.
    """
    import torch

    checkpoint.seek(0)
    loaded = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if folder is not None:
        loaded["config"]["arch"]["args"]["model_type"] = str(folder)
    torch.save(loaded, copy)
    copy.seek(0)


def _way_out(model: str) -> str:
    from detoxify.detoxify import MODEL_URLS

    base = f"https://huggingface.co/{BASES[model]}/resolve/main"
    urls = "".join(f"\n  {url}" for url in (MODEL_URLS[model], *(f"{base}/{name}" for name in BASE_FILES)))
    return (
        f"On a machine with network, fetch these into one folder:{urls}\n"
        "Bring the folder here and set GATEPOST_DETOXIFY_FOLDER to it (docs/detoxify.md)."
    )
