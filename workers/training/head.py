"""The encoder's answer on spam: the column of its last layer, fitted anew to all that is known of spam.

The encoder's own training met the spam of YouTube and SMS alone. Its body stays as it is, and so do the six labels of
toxicity.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx as graphs
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

from service.core import markup, text
from service.core.labels import SPAM
from workers.engines import onnx, windows
from workers.engines.windows import Floats
from workers.training import spam
from workers.training.spam import Source

# Text -> the mean of the encoder's last vectors.
Vectors = Mapping[str, Floats]

STRENGTH = 1.0  # inverse strength of the regularisation
# The layer's parts in the graph, as `export.quantise` names them.
_WEIGHTS, _BIAS = "head.weight_Transposed", "head.bias"
# Of eight bits: with more, processors without VNNI saturate.
_HIGHEST = 127


@dataclass(frozen=True)
class Head:
    """Log-odds of spam = vector @ `weights` + `bias`."""

    weights: Floats
    bias: float

    def log_odds(self, vectors: Floats) -> Floats:
        return vectors @ self.weights + np.float32(self.bias)


def embed(folder: Path, texts: Sequence[str]) -> Vectors:
    """Read the first window of each text as the engine would; further ones say the same again."""
    card, graph = onnx.read_card(folder), graphs.load(folder / onnx.MODEL)
    vector = _input_of_head(graph)
    graph.graph.output.append(helper.make_tensor_value_info(vector, TensorProto.FLOAT, ["windows", "size"]))
    session = onnx.open_session(graph.SerializeToString())
    tokenizer = onnx.load_tokenizer(folder / onnx.TOKENIZER, card.window)
    distinct = [*dict.fromkeys(texts)]
    read = tokenizer.encode_batch_fast([windows.encodable(text.normalise(markup.plain(one))) for one in distinct])
    found: dict[str, Floats] = {}
    for batch in windows.batches([len(window) for window in read], windows.TOKENS_PER_BATCH):
        [rows] = session.run([vector], onnx.inputs([read[index] for index in batch], card.pad_id))
        found |= zip((distinct[index] for index in batch), np.asarray(rows, np.float32), strict=True)
    return found


def fit(sources: Sequence[Source], vectors: Vectors) -> Head:
    truth, importance = spam.balance(sources)
    rows = np.array([vectors[one] for source in sources for one in source.texts])
    regression = LogisticRegression(C=STRENGTH, max_iter=2000).fit(rows, truth, importance)
    return Head(regression.coef_[0].astype(np.float32), float(regression.intercept_[0]))


def write(head: Head, folder: Path) -> None:
    """Put the column into the graph, its weights rounded to bytes as the others are."""
    graph = graphs.load(folder / onnx.MODEL)
    column = onnx.read_card(folder).labels.index(SPAM)
    lowest, highest = min(head.weights.min(), 0), max(head.weights.max(), 0)
    scale = (highest - lowest) / _HIGHEST
    zero = np.rint(-lowest / scale)
    rounded = np.clip(np.rint(head.weights / scale) + zero, 0, _HIGHEST)
    for name, part in (
        (f"{_WEIGHTS}_quantized", rounded),
        (f"{_WEIGHTS}_scale", scale),
        (f"{_WEIGHTS}_zero_point", zero),
        (_BIAS, head.bias),
    ):
        _set_column(graph, name, column, part)
    graphs.save(graph, folder / onnx.MODEL)


def _set_column(graph: ModelProto, name: str, column: int, values: NDArray[np.floating] | float) -> None:
    [tensor] = [one for one in graph.graph.initializer if one.name == name]
    array = numpy_helper.to_array(tensor).copy()
    array[..., column] = values
    tensor.CopyFrom(numpy_helper.from_array(array, name))


def _input_of_head(graph: ModelProto) -> str:
    """Name the vectors that the last layer rounds and multiplies by its weights."""
    [product] = [node for node in graph.graph.node if f"{_WEIGHTS}_quantized" in node.input]
    [rounding] = [node for node in graph.graph.node if product.input[0] in node.output]
    return str(rounding.input[0])
