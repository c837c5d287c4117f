"""Comments a second and core: the engines, whole decisions, and their peers, side by side.

    OMP_NUM_THREADS=1 python -m bench.engines FILE.csv.gz [--column comment_text] [--comments 1500] [--batch 64]
    OMP_NUM_THREADS=1 python -m bench.engines FILE.csv.gz --detoxify --comments 64      (needs the extra `detoxify`)

Each way scores the same comments on one thread; what counts is the processor time, and the ways take turns, so that a
busy machine slows all alike. Scores are compared: the linear model with scikit-learn's pipeline of the same weights,
our BERT with `detoxify.predict` (random weights, which change no time). The second table sets what the transformers
multiply against the matrix products that this core does in a second.
"""

# ruff: noqa: PLC0415
# torch comes with an extra only, and scikit-learn not with that one.

import argparse
import contextlib
import csv
import gzip
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench import peak
from service.core import markup, text
from service.core.labels import TOXICITY_LABELS
from service.core.models import Comment
from service.core.policy import Policy
from workers import judgement
from workers.engines import cascade, compact, onnx
from workers.engines.engine import Engine
from workers.engines.linear import PASSAGE
from workers.engines.onnx import OnnxEngine
from workers.judgement import Case, Scorer
from workers.signals.signal import History

# Scores of a batch, where there are any to compare: a row a text.
Way = Callable[[Sequence[str]], NDArray[np.floating] | None]

LINEAR, PIPELINE, CASCADE = (
    "compact, the engine alone",
    "scikit-learn's pipeline, same weights",
    "cascade, the engine alone",
)
TOGETHER = "compact, all comments in one call"
_FITTING = 1000  # characters
ALONE, LISTS = "detoxify.predict, one at a time", "detoxify.predict, lists of 32"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="comments as CSV, gzipped")
    parser.add_argument("--column", default="comment_text")
    parser.add_argument("--comments", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=64, help="comments in one call")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--detoxify", action="store_true", help="with a BERT-base in Detoxify's format")
    arguments = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        parser.error("set OMP_NUM_THREADS=1: threads that wait for each other take processor time as well")
    texts = read(arguments.file, arguments.column, arguments.comments)
    with contextlib.ExitStack() as opened:
        ways = opened.enter_context(with_detoxify(texts)) if arguments.detoxify else without(texts)
        seconds = take_turns(ways, texts, arguments.batch, arguments.rounds)
    console = Console(width=120)
    console.print(f"{len(texts)} comments, {statistics.mean(map(len, texts)):.0f} characters in the mean")
    console.print(told(seconds, len(texts), (ALONE, LISTS) if arguments.detoxify else (PIPELINE,)))
    console.print(multiplied(seconds, texts))


def read(file: Path, column: str, count: int) -> list[str]:
    """Comments without markup, in ASCII and of one passage: what every way reads alike."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        found = [text.normalise(markup.plain(row[column])) for row in csv.DictReader(lines)]
    random.Random(7).shuffle(found)
    return [one for one in found if one.isascii() and 0 < len(one) <= PASSAGE][:count]


def without(texts: Sequence[str]) -> dict[str, Way]:
    from bench.peers import sklearn_pipeline

    linear, mixed = compact.load(), cascade.load(1)
    encoder = OnnxEngine(cascade.FOLDER, 1)
    pipeline = sklearn_pipeline.build(compact.load_model(), texts)
    check(LINEAR, rows(linear)(texts), sklearn_pipeline.score(pipeline, texts), 1e-4)
    return {
        PIPELINE: lambda batch: sklearn_pipeline.score(pipeline, batch),
        LINEAR: rows(linear),
        TOGETHER: rows(linear),
        "encoder, the engine alone": rows(encoder),
        CASCADE: rows(mixed),
        "whole decisions with compact": decisions(linear),
        "whole decisions with cascade": decisions(mixed),
    }


@contextlib.contextmanager
def with_detoxify(texts: Sequence[str]) -> Iterator[dict[str, Way]]:
    import torch
    from detoxify import Detoxify

    from bench import checkpoints
    from workers.engines.detoxify import DetoxifyEngine
    from workers.weights import export

    torch.set_num_threads(1)
    with checkpoints.written(checkpoints.SHAPES["Detoxify's size: BERT-base, 110 M parameters"]) as folder:
        library = Detoxify(checkpoint=str(folder / checkpoints.FILE))
        engine = DetoxifyEngine(folder=folder)
        with tempfile.TemporaryDirectory() as exported:
            for kind in ("full", "int8"):
                export.export(engine, Path(exported, kind), int8=kind == "int8", force=True)
            ours = {
                "our engine, torch": rows(engine),
                "our engine, ONNX fp32": rows(OnnxEngine(Path(exported, "full"), 1)),
                "our engine, ONNX int8": rows(OnnxEngine(Path(exported, "int8"), 1)),
            }
            # Longer ones may not fit the window, where `detoxify.predict` cuts them.
            few = [one for one in texts if len(one) <= _FITTING][:8]
            for name, way in ours.items():
                # Random weights say nothing of what 8 bits cost a trained model: no limit for them.
                check(name, way(few), predict(library, 1)(few), np.inf if name.endswith("int8") else 1e-4)
            yield {
                ALONE: predict(library, 1),
                LISTS: predict(library, 32),
                **ours,
                CASCADE: rows(cascade.load(1)),
                LINEAR: rows(compact.load()),
            }


def predict(library: object, size: int) -> Way:
    def score(texts: Sequence[str]) -> NDArray[np.floating]:
        batches = [list(texts[start : start + size]) for start in range(0, len(texts), size)]
        found = [library.predict(batch) for batch in batches]  # type: ignore[attr-defined]
        return np.concatenate(
            [np.stack([np.atleast_1d(one[label]) for label in TOXICITY_LABELS], axis=1) for one in found]
        )

    return score


def rows(engine: Engine) -> Way:
    return lambda texts: np.array([[scores[label] for label in TOXICITY_LABELS] for scores in engine.score(texts)])


def decisions(engine: Engine) -> Way:
    """All that a worker does but for the database: reading, scoring, signals, policy, spans."""
    scorer = Scorer(engine, compact.load_spam(), attribution=compact.load_model())
    policy, history, site = Policy(), History(), UUID(int=1)

    def decide(texts: Sequence[str]) -> None:
        judgement.judge(
            scorer, [Case(Comment(site_id=site, text=one, text_fingerprint=0), 1, policy, history) for one in texts]
        )

    return decide


def check(name: str, ours: NDArray[np.floating] | None, theirs: NDArray[np.floating] | None, tolerance: float) -> None:
    assert ours is not None
    assert theirs is not None
    apart = float(np.abs(ours - theirs).max())
    Console().print(f"{name}: scores differ from the peer's by up to {apart:.1e}")
    if apart > tolerance:
        raise SystemExit(f"Allowed are {tolerance:.0e}.")


def take_turns(ways: Mapping[str, Way], texts: Sequence[str], size: int, rounds: int) -> dict[str, list[float]]:
    """Processor seconds of each way, a figure a round; the first round, which warms up, is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for one in range(rounds + 1):
        for name, way in ways.items():
            each = len(texts) if name == TOGETHER else size
            started = time.process_time()
            for start in range(0, len(texts), each):
                way(texts[start : start + each])
            if one:
                seconds[name].append(time.process_time() - started)
    return seconds


def told(seconds: Mapping[str, list[float]], count: int, bases: Sequence[str]) -> Table:
    table = Table("way", "comments a second and core: median (least to most)", *(f"times {base}" for base in bases))
    for name, each in seconds.items():
        rates = sorted(count / one for one in each)
        ratios = [
            statistics.median(theirs / ours for theirs, ours in zip(seconds[base], each, strict=True)) for base in bases
        ]
        shown = f"{statistics.median(rates):,.1f} ({rates[0]:,.1f} to {rates[-1]:,.1f})"
        table.add_row(name, shown, *(f"{ratio:.2f}" for ratio in ratios))
    return table


def multiplied(seconds: Mapping[str, list[float]], texts: Sequence[str]) -> Table:
    """What part of the core's peak each transformer's own products are; the rest is everything else."""
    tokenizer = onnx.load_tokenizer(cascade.FOLDER / onnx.TOKENIZER, 512)
    lengths = [len(one) for one in tokenizer.encode_batch_fast(list(texts))]
    single, narrow = peak.single(), peak.eight_bits()
    table = Table("way", "10^9 operations a comment", "10^9 a second", "peak", "part of the peak")
    shapes = {"encoder": (peak.ENCODER, narrow), "int8": (peak.BERT_BASE, narrow)}
    for name, each in seconds.items():
        shape, limit = next((found for key, found in shapes.items() if key in name), (peak.BERT_BASE, single))
        if name in (LINEAR, TOGETHER, PIPELINE, CASCADE) or name.startswith("whole"):
            continue
        operations = statistics.mean(map(shape.operations, lengths))
        rate = operations * len(texts) / statistics.median(each)
        table.add_row(name, *(f"{value / 1e9:.2f}" for value in (operations, rate, limit)), f"{rate / limit:.0%}")
    return table


if __name__ == "__main__":
    main()
