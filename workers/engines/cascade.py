"""The bundled engine: the linear model reads every comment, the encoder those that it may be wrong about.

What both have read is scored by a weighted sum of their log-odds, brought back to honest probabilities.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from service.core import text
from service.core.labels import SPAM, TOXICITY_LABELS, Scores
from workers.engines import compact, engine, linear
from workers.engines.linear import Floats
from workers.engines.onnx import OnnxEngine

FOLDER = compact.MODELS / "encoder"
BLEND = "blend.json"


@dataclass(frozen=True)
class Blend:
    """Log-odds = linear * `linear` + encoder * `encoder` + `shift`, a number per label in each.

    Below `certain` on every label by the linear model alone, the encoder is not asked.
    """

    linear: Floats
    encoder: Floats
    shift: Floats
    certain: float

    def apply(self, by_linear: Floats, by_encoder: Floats) -> Floats:
        return by_linear * self.linear + by_encoder * self.encoder + self.shift


class CascadeEngine:
    name = "cascade"
    languages = frozenset({"en"})

    def __init__(self, model: linear.LinearModel, encoder: OnnxEngine, blend: Blend) -> None:
        self._linear = model
        self._encoder = encoder
        self._blend = blend

    @property
    def version(self) -> str:
        return f"{self._linear.version}+{self._encoder.version}"

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """Give the six labels of each text and, where the encoder was asked, its answer on spam."""
        toxicity, spam = self._read(texts)
        scores = engine.name_labels(engine.probabilities(toxicity))
        for row, answer in spam.items():
            scores[row][SPAM] = answer
        return scores

    def probabilities(self, texts: Sequence[str]) -> Floats:
        return engine.probabilities(self.log_odds(texts))

    def log_odds(self, texts: Sequence[str]) -> Floats:
        """Give a row per text and a column per toxicity label."""
        return self._read(texts)[0]

    def _read(self, texts: Sequence[str]) -> tuple[Floats, dict[int, float]]:
        """Log-odds of toxicity, and the probability of spam by the number of the text."""
        scores = self._linear.log_odds(texts)
        asked = np.flatnonzero(scores.max(axis=1, initial=-np.inf) > self._blend.certain)
        # Trained on normalised texts, as the linear model is.
        by_encoder = self._encoder.logits([text.normalise(texts[row]) for row in asked.tolist()])
        scores[asked] = self._blend.apply(scores[asked], by_encoder[:, self._encoder.columns])
        spam = engine.probabilities(by_encoder[:, self._encoder.labels.index(SPAM)])
        return scores, dict(zip(asked.tolist(), spam.tolist(), strict=True))


def load(threads: int | None = None, folder: Path = FOLDER) -> CascadeEngine:
    """Raises EngineUnavailableError when a file is missing, damaged or not the one that its card describes."""
    return CascadeEngine(compact.load_model(), OnnxEngine(folder, threads), load_blend(folder / BLEND))


def load_blend(path: Path) -> Blend:
    numbers = json.loads(path.read_bytes())
    columns = {part: np.array([numbers[part][label] for label in TOXICITY_LABELS], np.float32) for part in _PARTS}
    return Blend(certain=float(numbers["certain"]), **columns)


def save_blend(blend: Blend, path: Path) -> None:
    numbers = {
        part: dict(zip(TOXICITY_LABELS, np.round(getattr(blend, part).astype(float), 4).tolist(), strict=True))
        for part in _PARTS
    }
    path.write_text(json.dumps({"certain": blend.certain, **numbers}, indent=2) + "\n", "utf-8")


_PARTS = ("linear", "encoder", "shift")
