"""Fine-tunes a small sentence encoder into Gatepost's seven labels; needs torch and transformers."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel

from service.core.labels import LABELS
from workers.engines import onnx
from workers.training.fitting import SEED, Examples
from workers.training.mixture import Mixture
from workers.weights import export

Tell = Callable[[str], None]

EPOCHS = 2
# A comment's first words tell most; at run time longer ones are read in windows.
LONGEST = 96  # tokens
# So many tokens a step, whatever the length of the texts: 64 to 250 comments.
STEP_TOKENS = 4096
BODY_RATE, HEAD_RATE = 1.5e-4, 1e-3
WARM_UP = 0.06
LARGEST_GRADIENT = 1.0
TOLD_EVERY = 20


class Encoder(nn.Module):  # type: ignore[misc]
    """Token ids in, a logit per label out: the mean of the last layer's vectors, and a linear head."""

    def __init__(self, start: Path) -> None:
        super().__init__()
        # Two passes over much data: without dropout a step is a fifth cheaper and learns more.
        config = AutoConfig.from_pretrained(start, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
        self.body = AutoModel.from_pretrained(start, config=config, add_pooling_layer=False)
        self.dropout = nn.Dropout(0.1)
        self.head = nn.Linear(config.hidden_size, len(LABELS))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        vectors = self.body(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(vectors.dtype)
        mean = (vectors * mask).sum(1) / mask.sum(1)
        logits: Tensor = self.head(self.dropout(mean))
        return logits


def train(mixture: Mixture, start: Path, tell: Tell) -> Encoder:
    """Fine-tune the encoder in the folder `start`. About an hour on two cores.

    The embeddings of the words stay: half of all parameters, and rare words would forget what they mean.
    """
    torch.manual_seed(SEED)
    model = Encoder(start)
    model.body.embeddings.requires_grad_(requires_grad=False)
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in model.body.parameters() if p.requires_grad], "lr": BODY_RATE},
            {"params": model.head.parameters(), "lr": HEAD_RATE},
        ],
        weight_decay=0.01,
        fused=True,
    )
    tokenizer = load_tokenizer(start)
    epochs = [_batches(mixture.epoch(number), tokenizer, number) for number in range(EPOCHS)]
    steps = [step for epoch in epochs for step in epoch]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        max_lr=[BODY_RATE, HEAD_RATE],
        total_steps=len(steps),
        pct_start=WARM_UP,
        anneal_strategy="linear",
        cycle_momentum=False,
    )
    model.train()
    losses: list[float] = []
    for number, (ids, mask, truth, weights) in enumerate(steps):
        logits = model(ids, mask)
        loss = (nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none") * weights).sum()
        loss = loss / weights.sum().clamp(min=1)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        optimiser.zero_grad()
        schedule.step()
        losses.append(loss.item())
        if number % TOLD_EVERY == 0:
            tell(f"step {number} of {len(steps)}, loss {np.mean(losses[-TOLD_EVERY:]):.4f}")
    model.eval()
    return model


def load_tokenizer(start: Path) -> Any:
    tokenizer = Tokenizer.from_file(str(start / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


Batch = tuple[Tensor, Tensor, Tensor, Tensor]


def _batches(examples: Examples, tokenizer: Any, epoch: int) -> list[Batch]:
    """Texts of like length together, so that little is padded; the batches in random order."""
    tokenizer.enable_truncation(LONGEST)
    ids = [encoding.ids for encoding in tokenizer.encode_batch(examples.texts)]
    random = np.random.default_rng(SEED + epoch)
    lengths = np.array([len(one) for one in ids])
    # Like lengths, not the same: a batch should not be one set's short sentences alone.
    order = np.argsort(lengths + random.uniform(0, 8, len(ids)), kind="stable")
    groups = list(_groups(order, lengths))
    random.shuffle(groups)
    return [_batch([ids[row] for row in group], examples, group) for group in groups]


def _groups(order: NDArray[np.intp], lengths: NDArray[np.int_]) -> Iterator[NDArray[np.intp]]:
    first = 0
    for last in range(1, len(order) + 1):
        longest = lengths[order[first : last + 1]].max()
        if last == len(order) or (last + 1 - first) * longest > STEP_TOKENS:
            yield order[first:last]
            first = last


def _batch(ids: list[list[int]], examples: Examples, rows: NDArray[np.intp]) -> Batch:
    longest = max(len(one) for one in ids)
    padded = torch.tensor([one + [0] * (longest - len(one)) for one in ids])
    return (
        padded,
        (torch.arange(longest) < torch.tensor([[len(one)] for one in ids])).long(),
        torch.from_numpy(examples.truth[rows].astype(np.float32)),
        torch.from_numpy(examples.weights[rows]),
    )


def write(model: Encoder, start: Path, folder: Path) -> None:
    """Write the graph, its weights rounded to bytes, and the tokenizer: what `OnnxEngine` runs, but for the card."""
    folder.mkdir(parents=True, exist_ok=True)
    window = model.body.config.max_position_embeddings
    export.write_graph(model, torch.ones(2, 8, dtype=torch.long), window, folder / onnx.MODEL)
    export.quantise(folder / onnx.MODEL)
    shutil.copyfile(start / onnx.TOKENIZER, folder / onnx.TOKENIZER)
