"""Checkpoints in Detoxify's format with random weights: as fast as trained ones, and nothing to download."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers

FILE = "random.ckpt"
CLASSES = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
SHAPES: dict[str, dict[str, int]] = {
    "Detoxify's size: BERT-base, 110 M parameters": {},
    "the encoder's size: MiniLM, 22 M parameters": {
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
    },
}
# The vocabulary of bert-base-uncased, which the bundled encoder shares.
TOKENIZER = Path(__file__).parents[1] / "workers" / "models" / "encoder" / "tokenizer.json"


@contextmanager
def written(shape: dict[str, int]) -> Iterator[Path]:
    """Give a folder as an operator would make it: checkpoint, its checksum, configuration and tokenizer."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer = transformers.BertTokenizerFast(tokenizer_file=str(TOKENIZER), model_max_length=512)
        tokenizer.save_pretrained(folder)
        config = transformers.BertConfig(**shape)
        config.save_pretrained(folder)
        torch.save(_checkpoint(folder, config), folder / FILE)
        digits = hashlib.sha256((folder / FILE).read_bytes()).hexdigest()
        (folder / "SHA256SUMS").write_text(f"{digits}  {FILE}\n")
        yield folder


def _checkpoint(folder: Path, config: Any) -> dict[str, Any]:
    config.num_labels = len(CLASSES)
    torch.manual_seed(7)
    model = transformers.BertForSequenceClassification(config)
    # Random logits are all but zero; a trained model's are not.
    torch.nn.init.normal_(model.classifier.weight, std=1)
    arguments = {
        "model_type": str(folder),
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
        "num_classes": len(CLASSES),
    }
    architecture = {"arch": {"args": arguments}, "dataset": {"args": {"classes": CLASSES}}}
    return {"config": architecture, "state_dict": model.state_dict()}


def fits(folder: Path) -> Callable[[str], bool]:
    """Whether the model sees the text whole."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    limit = tokenizer.model_max_length
    return lambda text: len(tokenizer(text)["input_ids"]) <= limit
