"""Detoxify's published models (BERT, RoBERTa, XLM-R, ALBERT) as an engine; needs the extra `detoxify`."""

# ruff: noqa: PLC0415
# torch comes with an extra only and takes seconds to import, so its imports wait until an engine is made.

import hashlib
import pickle
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import numpy as np

from service.core.labels import TOXICITY_LABELS, Scores
from workers.engines import checkpoints, engine, windows
from workers.engines.engine import EngineUnavailableError
from workers.engines.windows import Floats


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
        """`device`: on `cuda` it computes in half precision, at several times the speed (docs/performance.md)."""
        if model not in checkpoints.PUBLISHED:
            raise EngineUnavailableError(
                f"Detoxify has no model {model!r}; known are {', '.join(checkpoints.PUBLISHED)}."
            )
        try:
            detoxifier, sha256 = _load(model, folder, device)
            self.columns = [detoxifier.class_names.index(label) for label in TOXICITY_LABELS]
        except ImportError as error:
            raise EngineUnavailableError(
                "Not installed: pip install '.[detoxify]' in Gatepost's source tree"
            ) from error
        except (OSError, RuntimeError, ValueError) as error:
            reason = f"Detoxify's {model!r} model cannot be loaded: {error}"
            raise EngineUnavailableError(f"{reason}\n{checkpoints.way_out(model)}") from error
        if threads is not None:
            _limit_threads(threads)
        self.model: Any = detoxifier.model.eval()
        self.tokens_per_batch = windows.TOKENS_PER_BATCH
        if device != "cpu":
            self.model.half()
            self.tokens_per_batch = windows.GPU_TOKENS_PER_BATCH
        self.tokenizer: Any = detoxifier.tokenizer
        self.window = _window(self.model.config, self.tokenizer.model_max_length)
        self.languages = checkpoints.PUBLISHED[model].languages
        self.name = f"detoxify-{model}"
        self.version = f"{metadata.version('detoxify')}+{sha256[:8]}"

    def score(self, texts: Sequence[str]) -> list[Scores]:
        if not texts:
            return []
        read, owners = self._split(texts)
        lengths = [len(window) for window in read]
        rows = windows.highest(
            lengths, owners, lambda batch: self._infer([read[index] for index in batch]), self.tokens_per_batch
        )
        return engine.name_labels(rows)

    def _split(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Cut each text into windows of tokens; give the windows, and for each the index of its text."""
        encoded = self.tokenizer(
            [windows.encodable(text) for text in texts],
            truncation=True,
            max_length=self.window,
            stride=windows.overlap(self.window),
            return_overflowing_tokens=True,
        )
        return encoded["input_ids"], encoded["overflow_to_sample_mapping"]

    def _infer(self, batch: list[list[int]]) -> Floats:
        import torch

        # The tokenizer's own `pad` takes as long as a GPU does for the whole batch.
        padded = windows.padded(batch, self.tokenizer.pad_token_id)
        ids, mask = (torch.from_numpy(part).to(self.model.device, non_blocking=True) for part in padded)
        with torch.inference_mode():
            logits = self.model(input_ids=ids, attention_mask=mask).logits
            probabilities = torch.sigmoid(logits.float())[:, self.columns]
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

    path = _download(model) if folder is None else checkpoints.find(model, folder)
    with path.open("rb") as checkpoint, tempfile.TemporaryFile() as copy:
        sha256 = hashlib.file_digest(checkpoint, "sha256").hexdigest()
        checkpoints.verify(path, sha256)
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

    checkpoint = checkpoints.PUBLISHED[model]
    path = Path(torch.hub.get_dir(), "checkpoints", checkpoint.file)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(checkpoint.url, str(path), checkpoint.digits, progress=False)
    return path


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
