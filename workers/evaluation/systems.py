"""What is compared: Gatepost with each of its engines, and peers that answer from an environment of their own."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from service.core.labels import LABELS
from service.core.settings import Settings
from workers import scorers
from workers.engines import compact
from workers.engines.engine import EngineUnavailableError
from workers.evaluation import decisions
from workers.evaluation.metrics import Floats, Truth
from workers.judgement import Scorer

PEERS = ("alt-profanity-check", "tox-block", "toxic-comment-classifier", "glin-profanity")
_ENVIRONMENT = Path(".venv-peers/bin/python")
_WRAPPER = Path("bench/peers/serve.py")
# The peers that give probabilities decide at a half; word lists say 1 or 0.
_HOLD_AT = 0.5
# Lines of JSON with many long texts would be slow to parse.
_PART = 512


@dataclass(frozen=True)
class Answer:
    """`scores`: a row a text, a column a label in the order of LABELS; NaN where the system has no such label."""

    scores: Floats
    held: Truth


class System(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def bytes(self) -> int | None: ...

    def answer(self, texts: Sequence[str]) -> Answer: ...

    def core_seconds(self, texts: Sequence[str]) -> float:
        """How long a core is busy with scoring this batch."""
        ...


class Gatepost:
    """Answers as the service does: what reads the text, spam and signals, then the default policy."""

    def __init__(self, engine: str, scorer: Scorer) -> None:
        self.name = f"gatepost {engine}"
        self.bytes = _model_bytes(engine)
        self.scorer = scorer

    def answer(self, texts: Sequence[str]) -> Answer:
        comments = [decisions.comment(text) for text in texts]
        decided = decisions.decide(self.scorer, [comment for comment in comments if comment])
        scores, held = np.zeros((len(texts), len(LABELS))), np.zeros(len(texts), np.bool_)
        # A text of nothing but spaces is no comment: it is neither scored nor held.
        some = np.array([comment is not None for comment in comments], np.bool_)
        scores[some], held[some] = decided.scores, decided.held
        return Answer(scores, held)

    def core_seconds(self, texts: Sequence[str]) -> float:
        began = time.process_time()
        self.scorer.engine.score(texts)
        return time.process_time() - began

    def decision_core_seconds(self, texts: Sequence[str]) -> float:
        return decisions.decide(self.scorer, [made for text in texts if (made := decisions.comment(text))]).core_seconds


class Peer:
    def __init__(self, name: str, process: subprocess.Popen[str]) -> None:
        self._process = process
        about = self._read()
        self.name = f"{name} {about['version']}"
        self.bytes: int | None = about["bytes"]

    @classmethod
    @contextmanager
    def start(cls, name: str, command: Sequence[str]) -> Iterator["Peer"]:
        one_core = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
        process = subprocess.Popen(  # noqa: S603 - our own wrapper
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env={**os.environ, **one_core, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        try:
            yield cls(name, process)
        finally:
            process.terminate()
            process.communicate()

    def answer(self, texts: Sequence[str]) -> Answer:
        parts = [self._ask(texts[start : start + _PART])["scores"] for start in range(0, len(texts), _PART)]
        rows = [[row.get(label, np.nan) for label in LABELS] for part in parts for row in part]
        scores = np.array(rows, np.float64).reshape(-1, len(LABELS))
        return Answer(scores, np.logical_or.reduce(np.nan_to_num(scores) >= _HOLD_AT, axis=1))

    def core_seconds(self, texts: Sequence[str]) -> float:
        return float(self._ask(texts)["core_seconds"])

    def _ask(self, texts: Sequence[str]) -> dict[str, Any]:
        stdin = self._stream(self._process.stdin)
        # Their readers choke on half a surrogate pair.
        stdin.write(json.dumps([text.encode(errors="replace").decode() for text in texts]) + "\n")
        stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._stream(self._process.stdout).readline()
        if not line:
            raise EngineUnavailableError(f"A peer has ended: {' '.join(map(str, self._process.args[1:]))}")  # type: ignore[index]
        answer: dict[str, Any] = json.loads(line)
        return answer

    @staticmethod
    def _stream(stream: IO[str] | None) -> IO[str]:
        if stream is None:
            raise EngineUnavailableError("A peer was started without pipes.")
        return stream


def gateposts(engines: Sequence[str]) -> Iterator[Gatepost | str]:
    """Each engine that is here; of those that are not, why."""
    for engine in engines:
        try:
            settings = Settings.model_validate({"engine": engine, "engine_threads": 1})
            yield Gatepost(engine, scorers.load_scorer(settings))
        except EngineUnavailableError as error:
            yield f"{engine}: {str(error).splitlines()[0]}"


@contextmanager
def peers(root: Path | None) -> Iterator[list[Peer]]:
    """Start every peer; none without their environment (`make .venv-peers/installed`)."""
    with ExitStack() as started:
        yield [started.enter_context(Peer.start(name, command)) for name, command in _commands(root)]


def _commands(root: Path | None) -> list[tuple[str, list[str]]]:
    if root is None or not (root / _ENVIRONMENT).exists():
        return []
    return [(name, [str(root / _ENVIRONMENT), str(root / _WRAPPER), name]) for name in PEERS]


def _model_bytes(engine: str) -> int | None:
    """The files that the engine reads, its spam model included; None for one that is not bundled."""
    compact_files = [compact.MODELS / "toxicity.npz", compact.MODELS / "spam.npz"]
    if engine == "compact":
        return sum(path.stat().st_size for path in compact_files)
    if engine in {"detoxify", "onnx"}:
        return None
    encoder = [path for path in (compact.MODELS / "encoder").rglob("*") if path.is_file()]
    return sum(path.stat().st_size for path in [*compact_files, *encoder])
