"""Writes Detoxify's model as an ONNX graph, in full or in 8 bits, and lets none out whose scores differ too much."""

# ruff: noqa: PLC0415
# torch comes with an extra only.

import json
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.core.labels import TOXICITY_LABELS
from workers.engines import checkpoints, onnx
from workers.engines.detoxify import DetoxifyEngine
from workers.engines.onnx import OnnxEngine
from workers.weights.download import sha256
from workers.weights.sample import TEXTS

# How far a score may move, a probability. In 8 bits single texts move; what is decided for most must not.
FULL_TOLERANCE = 1e-4
INT8_TOLERANCE = 0.1
INT8_MEAN_TOLERANCE = 0.01


class ExportError(Exception):
    """The model cannot be exported, or scores differently; the text says which."""


@dataclass(frozen=True)
class Difference:
    """Between the scores of the checkpoint and those of the graph, over the sample."""

    largest: float
    mean: float


def export(source: DetoxifyEngine, folder: Path, *, int8: bool, force: bool) -> Difference:
    """Write graph, tokenizer and card. Raises ExportError, and leaves nothing, when the scores differ too much."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ExportError(f"{folder} is not empty.")
    with tempfile.TemporaryDirectory(dir=folder.parent) as written:
        draft = Path(written)
        _write_graph(source, draft / onnx.MODEL)
        if int8:
            quantise(draft / onnx.MODEL)
        source.tokenizer.backend_tokenizer.save(str(draft / onnx.TOKENIZER))
        card = _card(source, draft, int8=int8)
        _write(draft, card)
        difference = compare(source, OnnxEngine(draft))
        if not force:
            _judge(difference, int8=int8)
        _write(draft, {**card, "difference": {"largest": difference.largest, "mean": difference.mean}})
        for path in draft.iterdir():
            path.rename(folder / path.name)
    return difference


def compare(source: DetoxifyEngine, exported: OnnxEngine, texts: Sequence[str] = TEXTS) -> Difference:
    rows = [[list(scores.values()) for scores in engine.score(texts)] for engine in (source, exported)]
    apart = np.abs(np.array(rows[0]) - np.array(rows[1]))
    return Difference(float(apart.max()), float(apart.mean()))


def _judge(difference: Difference, *, int8: bool) -> None:
    largest, mean = (INT8_TOLERANCE, INT8_MEAN_TOLERANCE) if int8 else (FULL_TOLERANCE, FULL_TOLERANCE)
    if difference.largest > largest or difference.mean > mean:
        raise ExportError(
            f"The exported scores differ by up to {difference.largest:.5f} and by {difference.mean:.5f} in the mean;"
            f" allowed are {largest} and {mean}. Nothing was written. Use --force to write it all the same."
        )


def _write_graph(source: DetoxifyEngine, path: Path) -> None:
    try:
        import onnxscript  # noqa: F401 - torch asks for it only once it is half done
        import torch
    except ImportError as error:
        raise ExportError("Not installed: pip install '.[detoxify]' in Gatepost's source tree") from error

    class Graph(torch.nn.Module):  # type: ignore[misc]
        """The six labels alone: some checkpoints have more classes."""

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            logits = source.model(input_ids=input_ids, attention_mask=attention_mask).logits
            return logits[:, source.columns]

    graph = Graph()
    graph.model = source.model
    write_graph(graph, torch.full((2, 8), int(source.tokenizer.unk_token_id)), source.window, path)


def write_graph(module: Any, ids: Any, window: int, path: Path) -> None:
    """Trace a module that takes `input_ids` and `attention_mask` like `ids` and gives logits."""
    import torch

    shape = {0: torch.export.Dim("windows"), 1: torch.export.Dim("tokens", max=window)}
    with warnings.catch_warnings():
        # Of torch's own making: names of axes, and what it will retire.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module.eval(),
            (ids, torch.ones_like(ids)),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits"],
            dynamic_shapes=(shape, shape),
            dynamo=True,
            verbose=False,
        )
    program.save(path, external_data=False)
    _forget_origin(path)


def _forget_origin(path: Path) -> None:
    """Take out what torch notes for debugging: for each node the stack that made it, with paths of this machine."""
    from onnx import load_model, save_model

    model = load_model(path)
    for noted in (model, model.graph, *model.graph.node, *model.graph.value_info):
        del noted.metadata_props[:]
    save_model(model, path)


def quantise(path: Path) -> None:
    """Weights in 8 bits, of which 7 are used: CPUs without VNNI add pairs in 16 bits and would saturate."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    full = path.rename(path.with_suffix(".full"))
    quantize_dynamic(full, path, per_channel=True, reduce_range=True, weight_type=QuantType.QInt8)
    full.unlink()


def _card(source: DetoxifyEngine, folder: Path, *, int8: bool) -> dict[str, Any]:
    model = source.name.removeprefix("detoxify-")
    return {
        "name": f"{source.name}-int8" if int8 else source.name,
        "version": source.version,
        "labels": TOXICITY_LABELS,
        "window": source.window,
        "pad_id": int(source.tokenizer.pad_token_id),
        "languages": sorted(source.languages),
        "quantisation": "int8, dynamic, per channel, 7 bits used" if int8 else onnx.NOT_QUANTISED,
        "licence": checkpoints.PUBLISHED[model].licence,
        "sha256": {name: sha256(folder / name) for name in (onnx.MODEL, onnx.TOKENIZER)},
        "source": {"checkpoint": checkpoints.PUBLISHED[model].url, "base": checkpoints.PUBLISHED[model].base},
    }


def _write(folder: Path, card: dict[str, Any]) -> None:
    (folder / onnx.CARD).write_text(json.dumps(card, indent=2) + "\n", "utf-8")
