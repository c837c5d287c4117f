"""Comments a second on one GPU: `detoxify.predict`, and our engine on the same checkpoint.

    python -m bench.gpu FILE.csv.gz [--comments 6000] [--column comment_text] [--device cuda]

The weights are random, which changes no time: a BERT-base as Detoxify's own, and one of the shape of the bundled
encoder (22 M parameters). Every comment fits the model's window, since `detoxify.predict` cuts what does not. Scores
are compared with those of `detoxify.predict`, which computes in single precision. Needs the extra `detoxify`.
"""

import argparse
import csv
import gzip
import itertools
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from detoxify import Detoxify
from rich.console import Console
from rich.table import Table

from bench import checkpoints
from service.core.labels import TOXICITY_LABELS, Scores
from workers.engines.detoxify import DetoxifyEngine

Score = Callable[[Sequence[str]], list[Scores]]

TOKENS_PER_BATCH = (2048, 8192, 32768, 131072)
PRECISIONS = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
# One at a time is slow: it is shown on the first of them.
ALONE = 300
RUNS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="comments as CSV, gzipped")
    parser.add_argument("--column", default="comment_text")
    parser.add_argument("--comments", type=int, default=6000)
    parser.add_argument("--device", default="cuda", help="cpu: only to see that it runs")
    arguments = parser.parse_args()
    for name, shape in checkpoints.SHAPES.items():
        with checkpoints.written(shape) as folder:
            texts = read(arguments.file, arguments.column, arguments.comments, checkpoints.fits(folder))
            Console(width=120).print(compare(name, folder, texts, arguments.device))


def read(file: Path, column: str, count: int, fits: Callable[[str], bool]) -> list[str]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        texts = [row[column] for row in csv.DictReader(lines)]
    random.Random(7).shuffle(texts)
    return list(itertools.islice(filter(fits, texts), count))


def compare(name: str, folder: Path, texts: Sequence[str], device: str) -> Table:
    table = Table("way", "comments a second", "times one at a time", "largest difference", title=f"{name}, {device}")
    library = Detoxify(checkpoint=str(folder / checkpoints.FILE), device=device)
    reference = predict(library, 32)(texts)
    alone = rate(predict(library, 1), texts[:ALONE])
    table.add_row("detoxify.predict, one at a time", f"{alone:,.0f}", "1", "")
    table.add_row("detoxify.predict, lists of 32", *told(predict(library, 32), texts, alone, reference))
    del library
    for precision, dtype in PRECISIONS.items():
        engine = DetoxifyEngine(folder=folder, device=device)
        # Its weights are rounded to half precision already, unless they are read anew.
        engine.model = Detoxify(checkpoint=str(folder / checkpoints.FILE), device=device).model.eval().to(dtype)
        for engine.tokens_per_batch in TOKENS_PER_BATCH:
            way = f"ours, {precision}, batches of {engine.tokens_per_batch:,} tokens"
            table.add_row(way, *told(engine.score, texts, alone, reference))
    tokenizing = rate(engine._split, texts)  # noqa: SLF001 - what part of the time is no GPU's
    table.add_row("of which: tokenizing alone", f"{tokenizing:,.0f}", f"{tokenizing / alone:.1f}", "")
    return table


def predict(library: Any, size: int) -> Score:
    def score(texts: Sequence[str]) -> list[Scores]:
        batches = (list(texts[start : start + size]) for start in range(0, len(texts), size))
        # One text gives a number a label, even in a list.
        columns = [
            {label: np.atleast_1d(values) for label, values in library.predict(batch).items()} for batch in batches
        ]
        return [
            dict(zip(TOXICITY_LABELS, map(float, row), strict=True))
            for batch in columns
            for row in zip(*(batch[label] for label in TOXICITY_LABELS), strict=True)
        ]

    return score


def told(score: Score, texts: Sequence[str], alone: float, reference: Sequence[Scores]) -> tuple[str, str, str]:
    a_second = rate(score, texts)
    pairs = zip(score(texts), reference, strict=True)
    largest = max(abs(one[label] - other[label]) for one, other in pairs for label in TOXICITY_LABELS)
    return f"{a_second:,.0f}", f"{a_second / alone:.1f}", f"{largest:.1e}"


def rate(score: Callable[[Sequence[str]], object], texts: Sequence[str]) -> float:
    """Texts a second, the median of some runs after one that warms up."""
    score(texts[:200])
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        score(texts)
        seconds.append(time.perf_counter() - started)
    return len(texts) / statistics.median(seconds)


if __name__ == "__main__":
    main()
