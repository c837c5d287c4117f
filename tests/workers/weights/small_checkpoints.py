"""Small random checkpoints in Detoxify's format, with the files that stand beside a real one."""

# ruff: noqa: PLC0415
# torch comes with an extra only.

import hashlib
from pathlib import Path
from typing import Any

WINDOW = 32
ARCHITECTURES = ("bert", "albert", "roberta", "xlm-roberta")
CLASSES = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit"]
_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "are", "an", "idiot", "nice", "day"]
_PIECES = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "Ġ", *"abcdefghijklmnopqrstuvwxyz"]
# Weights larger than in training, so that every word moves the scores.
_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "initializer_range": 0.3,
    "num_labels": len(CLASSES),
}
_CLASSES = {"bert": "Bert", "albert": "Albert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta"}


def write(folder: Path, architecture: str) -> Path:
    import torch
    import transformers

    folder.mkdir()
    by_pieces = architecture.endswith("roberta")
    tokenizer = (_pieces if by_pieces else _words)(transformers)
    tokenizer.save_pretrained(folder)
    config = getattr(transformers, f"{_CLASSES[architecture]}Config")(**(_PIECE_SIZES if by_pieces else _WORD_SIZES))
    config.save_pretrained(folder)
    torch.manual_seed(7)
    model = getattr(transformers, f"{_CLASSES[architecture]}ForSequenceClassification")(config)
    arguments = {
        "model_type": "a folder takes its place",
        "model_name": type(model).__name__,
        "tokenizer_name": type(tokenizer).__name__,
        "num_classes": len(CLASSES),
    }
    about = {"arch": {"args": arguments}, "dataset": {"args": {"classes": CLASSES}}}
    path = folder / "small.ckpt"
    torch.save({"config": about, "state_dict": model.state_dict()}, path)
    path.with_name("SHA256SUMS").write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    return folder


_WORD_SIZES = {"vocab_size": len(_WORDS), "max_position_embeddings": WINDOW, **_SIZES}
_PIECE_SIZES = {
    "vocab_size": len(_PIECES),
    "max_position_embeddings": WINDOW + 2,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    **_SIZES,
}


def _words(transformers: Any) -> Any:
    return transformers.BertTokenizer(vocab={word: index for index, word in enumerate(_WORDS)})


def _pieces(transformers: Any) -> Any:
    return transformers.RobertaTokenizer(vocab={piece: index for index, piece in enumerate(_PIECES)}, merges=[])
