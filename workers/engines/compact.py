"""Two small linear models, one for the six toxicity labels and one for spam, on NumPy alone."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from service.core.labels import SPAM, TOXICITY_LABELS, Scores
from workers.engines import engine, linear
from workers.engines.engine import EngineUnavailableError

MODELS = Path(__file__).parents[1] / "models"


class CompactEngine:
    name = "compact"
    languages = frozenset({"en"})

    def __init__(self, model: linear.LinearModel) -> None:
        self._model = model

    @property
    def version(self) -> str:
        return self._model.version

    def score(self, texts: Sequence[str]) -> list[Scores]:
        return engine.name_labels(self._model.probabilities(texts))


class SpamModel:
    """What the text alone says about spam: one signal among others, such as links and names."""

    def __init__(self, model: linear.LinearModel) -> None:
        _expect(model, (SPAM,))
        self._model = model

    @property
    def version(self) -> str:
        return self._model.version

    def log_odds(self, texts: Sequence[str]) -> list[float]:
        return [float(row[0]) for row in self._model.log_odds(texts)]


def load(path: Path = MODELS / "toxicity.npz") -> CompactEngine:
    return CompactEngine(load_model(path))


# Read-only, and what scores is also what tells which words carried a verdict: one copy for both.
@cache
def load_model(path: Path = MODELS / "toxicity.npz") -> linear.LinearModel:
    model = linear.load(path)
    _expect(model, TOXICITY_LABELS)
    return model


def load_spam(path: Path = MODELS / "spam.npz") -> SpamModel:
    return SpamModel(linear.load(path))


def _expect(model: linear.LinearModel, labels: tuple[str, ...]) -> None:
    if model.labels != labels:
        raise EngineUnavailableError(f"The model scores {model.labels}, but {labels} are needed.")
