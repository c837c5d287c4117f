"""A tiny exported model: a graph that knows two words, and the files that stand beside a real one."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from service.core.labels import LABELS

WINDOW = 16
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "idiot", "kill", "nice", "day", *"abcdefghijklmnopqrstuvwxyz")
LOUD, QUIET = 4.0, -4.0


def write(folder: Path, **about: Any) -> Path:
    """Write a model that scores a window by its loudest word: “idiot” is an insult, “kill” a threat."""
    folder.mkdir(exist_ok=True)
    onnx.save(_graph(), folder / "model.onnx")
    _tokenizer().save(str(folder / "tokenizer.json"))
    write_card(folder, **about)
    return folder


def write_card(folder: Path, **about: Any) -> None:
    files = ("model.onnx", "tokenizer.json")
    card = {
        "name": "tiny",
        "version": "1",
        "labels": LABELS,
        "window": WINDOW,
        "pad_id": 0,
        "languages": ["en"],
        "quantisation": "none",
        "licence": "MIT",
        "sha256": {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files},
    }
    (folder / "card.json").write_text(json.dumps(card | about))


def _graph() -> onnx.ModelProto:
    """Logits: of each label, the highest value of any token that the mask shows."""
    tokens = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["windows", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["windows", len(LABELS)])
    nodes = [
        helper.make_node("Gather", ["values", "input_ids"], ["each"]),
        helper.make_node("Cast", ["attention_mask"], ["shown"], to=TensorProto.BOOL),
        helper.make_node("Unsqueeze", ["shown", "last"], ["wide"]),
        helper.make_node("Where", ["wide", "each", "lowest"], ["masked"]),
        helper.make_node("ReduceMax", ["masked", "first"], ["logits"], keepdims=0),
    ]
    constants = {
        "values": _values(),
        "last": np.array([2]),
        "first": np.array([1]),
        "lowest": np.array(-100, np.float32),
    }
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", tokens, [logits], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def _values() -> np.ndarray[Any, np.dtype[np.float32]]:
    values = np.full((len(WORDS), len(LABELS)), QUIET, np.float32)
    values[WORDS.index("idiot"), LABELS.index("insult")] = LOUD
    values[WORDS.index("kill"), LABELS.index("threat")] = LOUD
    # Padding that the mask does not hide would be heard.
    values[WORDS.index("[PAD]")] = 2 * LOUD
    return values


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(word, WORDS.index(word)) for word in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    # As published tokenizers come; the engine pads by itself.
    tokenizer.enable_padding(length=128)
    return tokenizer
