"""The most that a core multiplies, in single precision and in 8 bits, and what a transformer asks for."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from workers.engines import onnx

_SIZE = 1024
_RUNS = 7


@dataclass(frozen=True)
class Shape:
    """A BERT: layers, width and width of the feed-forward part."""

    layers: int
    hidden: int
    inner: int

    def operations(self, tokens: float) -> float:
        """Multiplications and additions of one text. Attention looks at every pair of tokens."""
        a_token = 4 * self.hidden**2 + 2 * self.hidden * self.inner + 2 * tokens * self.hidden
        return 2 * self.layers * tokens * a_token


ENCODER, BERT_BASE = Shape(6, 384, 1536), Shape(12, 768, 3072)


def single() -> float:
    """Operations a second with NumPy's matrix product, 32-bit floats."""
    one = np.random.default_rng(7).random((_SIZE, _SIZE), np.float32)
    return _rate(lambda: one @ one)


def eight_bits() -> float:
    """… and with onnxruntime's, 8-bit integers."""
    left = helper.make_tensor_value_info("left", TensorProto.UINT8, [_SIZE, _SIZE])
    right = np.random.default_rng(7).integers(-63, 64, (_SIZE, _SIZE), np.int8)
    product = helper.make_tensor_value_info("product", TensorProto.INT32, [_SIZE, _SIZE])
    weights = helper.make_tensor("right", TensorProto.INT8, right.shape, right.tobytes(), raw=True)
    node = helper.make_node("MatMulInteger", ["left", "right"], ["product"])
    graph = helper.make_graph([node], "product", [left], [product], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session: onnxruntime.InferenceSession = onnx.open_session(model.SerializeToString(), 1)
    values = np.random.default_rng(8).integers(0, 255, (_SIZE, _SIZE), np.uint8)
    return _rate(lambda: session.run(None, {"left": values}))


def _rate(multiply: Callable[[], object]) -> float:
    multiply()
    seconds = []
    for _ in range(_RUNS):
        started = time.process_time()
        multiply()
        seconds.append(time.process_time() - started)
    return float(2 * _SIZE**3 / statistics.median(seconds))
