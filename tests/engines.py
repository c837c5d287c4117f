"""An engine with chosen scores: one of the three edges where the tests fake something."""

from collections.abc import Sequence

from service.core.labels import TOXICITY_LABELS, Scores
from workers.judgement import Scorer


class WordEngine:
    """Scores 0.99 on each label whose name the text contains, else 0.01; raises where it reads “unscorable”."""

    name = "words"
    version = "1"
    languages: frozenset[str] | None = None

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def score(self, texts: Sequence[str]) -> list[Scores]:
        self.batches.append(list(texts))
        if any("unscorable" in text for text in texts):
            raise RuntimeError("this text cannot be scored")
        return [{label: 0.99 if label in text else 0.01 for label in TOXICITY_LABELS} for text in texts]


class WordSpam:
    """Log-odds of 3 where the text contains “spam”, else -3."""

    version = "1"

    def log_odds(self, texts: Sequence[str]) -> list[float]:
        return [3.0 if "spam" in text else -3.0 for text in texts]


def word_scorer() -> Scorer:
    return Scorer(WordEngine(), WordSpam())
