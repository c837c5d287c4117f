"""A transformer exported to ONNX as an engine: onnxruntime and tokenizers, no torch."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from tokenizers import Encoding, Tokenizer

from service.core.labels import TOXICITY_LABELS, Scores
from workers.engines import engine, windows
from workers.engines.engine import EngineUnavailableError
from workers.engines.windows import Floats

MODEL, TOKENIZER, CARD = "model.onnx", "tokenizer.json", "card.json"
NOT_QUANTISED = "none"


class Card(BaseModel):
    """What `card.json` says of the model beside it; it may hold more, such as figures and sources."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str
    version: str
    labels: tuple[str, ...]  # the graph's columns, in order
    window: int  # tokens that it can see at once, special ones included
    pad_id: int
    languages: frozenset[str] | None  # ISO 639-1; None: any
    quantisation: str  # NOT_QUANTISED, or in words how
    licence: str
    sha256: dict[str, str]  # by file


class OnnxEngine:
    """Runs a graph that takes `input_ids` and `attention_mask`, both int64 (windows, tokens), and gives logits.

    A text beyond the model's window is read in overlapping windows; each label takes its highest score.
    Make it after a fork: the session's threads do not survive one.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        card = read_card(folder)
        for name, sha256 in card.sha256.items():
            verify(folder / name, sha256)
        try:
            self.columns = [card.labels.index(label) for label in TOXICITY_LABELS]
            self._session = open_session(folder / MODEL, threads)
            self._tokenizer = load_tokenizer(folder / TOKENIZER, card.window)
        # onnxruntime and tokenizers raise all kinds of errors, tokenizers even the bare Exception.
        except Exception as error:
            raise EngineUnavailableError(f"The model in {folder} cannot be loaded: {error}") from error
        self._pad_id = card.pad_id
        # 8 bits span the range of all that is computed together: a comment's scores would depend on its neighbours'.
        self._is_quantised = card.quantisation != NOT_QUANTISED
        self.name = card.name
        self.version = card.version
        self.labels = card.labels
        self.languages = card.languages

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return engine.name_labels(engine.probabilities(self.logits(texts)[:, self.columns]))

    def logits(self, texts: Sequence[str]) -> Floats:
        """Give a row per text and a column per label of `labels`."""
        if not texts:
            return np.empty((0, len(self.labels)), np.float32)
        firsts = self._tokenizer.encode_batch_fast([windows.encodable(text) for text in texts])
        read = [(owner, window) for owner, first in enumerate(firsts) for window in (first, *first.overflowing)]
        lengths = [len(window) for _, window in read]
        owners = [owner for owner, _ in read]
        return windows.highest(
            lengths,
            owners,
            lambda batch: self._infer([read[index][1] for index in batch]),
            windows.ALONE if self._is_quantised else windows.TOKENS_PER_BATCH,
        )

    def _infer(self, batch: Sequence[Encoding]) -> Floats:
        [logits] = self._session.run(None, inputs(batch, self._pad_id))
        return np.asarray(logits, np.float32)


def inputs(batch: Sequence[Encoding], pad_id: int) -> dict[str, NDArray[np.int64]]:
    """A batch of windows as the graph takes it."""
    ids, mask = windows.padded([window.ids for window in batch], pad_id)
    return {"input_ids": ids, "attention_mask": mask}


def read_card(folder: Path) -> Card:
    """Raises EngineUnavailableError when there is none, or it lacks what running the model needs."""
    try:
        card = Card.model_validate_json((folder / CARD).read_bytes())
    except (OSError, ValueError) as error:
        raise EngineUnavailableError(f"{folder} holds no exported model: {error}") from error
    if missing := {MODEL, TOKENIZER} - card.sha256.keys():
        raise EngineUnavailableError(f"{folder / CARD} has no SHA-256 of {', '.join(sorted(missing))}.")
    return card


def verify(path: Path, sha256: str) -> None:
    """Raise EngineUnavailableError when the file is not the one that its card describes."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EngineUnavailableError(f"{path} cannot be read: {error}") from error
    if found != sha256:
        raise EngineUnavailableError(f"{path} is damaged or was replaced: its SHA-256 is {found}, not {sha256}.")


def load_tokenizer(path: Path, window: int) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(window, stride=windows.overlap(window))
    return tokenizer


def open_session(graph: Path | bytes, threads: int | None = None) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    # Idle threads that spin take the cores from the other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
