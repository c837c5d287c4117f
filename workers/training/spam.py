"""The recipe of the spam model: YouTube comments and SMS, with Wikipedia's discussions as what is not spam."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from service.core.labels import SPAM
from workers.engines import features, linear
from workers.training import corpora, fitting
from workers.training.corpora import Corpus
from workers.training.fitting import Examples

VERSION = "1"
RECIPE = fitting.Recipe(features.Ngrams(bits=18, shortest=2, longest=5, words=2), strength=3.0, smoothing=0.02)
DISCUSSIONS = 6000


@dataclass(frozen=True)
class Data:
    messages: Corpus
    discussions: Corpus


def read(folder: Path) -> Data:
    wikipedia = corpora.jigsaw(folder)
    harmless = wikipedia.take(wikipedia.truth.max(axis=1) == 0)
    first = np.zeros(len(harmless), np.bool_)
    first[:DISCUSSIONS] = True
    chosen = harmless.take(first)
    return Data(corpora.spam(folder), Corpus(chosen.texts, chosen.truth[:, :1], chosen.held_out))


def train(data: Data, tell: Callable[[str], None], version: str = VERSION) -> linear.LinearModel:
    """Fit once without a tenth to calibrate on it, then again with it."""
    rows = _join(_learnt(data.messages), _learnt(data.discussions))
    unseen = np.random.default_rng(fitting.SEED).random(len(rows)) < 0.1  # noqa: PLR2004 - a tenth.
    tell("calibrating: first fit, without the calibration rows")
    draft = fitting.fit(_even(rows.take(~unseen)), (SPAM,), RECIPE, version, tell)
    calibration = fitting.calibrate(draft, _even(rows.take(unseen)))
    tell("final fit")
    return calibration.apply(fitting.fit(_even(rows), (SPAM,), RECIPE, version, tell))


def measure(model: linear.LinearModel, data: Data) -> dict[str, Any]:
    messages = data.messages.take(data.messages.held_out)
    discussions = data.discussions.take(data.discussions.held_out)
    scores = model.probabilities(messages.texts)[:, 0]
    spam = messages.truth[:, 0] == 1
    return {
        "held_out_messages": len(messages),
        "held_out_spam": int(spam.sum()),
        "roc_auc": round(float(roc_auc_score(spam, scores)), 4),
        "recall": round(float((scores[spam] >= 0.5).mean()), 4),  # noqa: PLR2004
        "ham_held": round(float((scores[~spam] >= 0.5).mean()), 4),  # noqa: PLR2004
        "discussions": len(discussions),
        "discussions_held": round(float((model.probabilities(discussions.texts) >= 0.5).mean()), 4),  # noqa: PLR2004
    }


def _learnt(corpus: Corpus) -> Corpus:
    return corpus.take(~corpus.held_out)


def _join(one: Corpus, other: Corpus) -> Corpus:
    return Corpus(
        one.texts + other.texts,
        np.concatenate([one.truth, other.truth]),
        np.concatenate([one.held_out, other.held_out]),
    )


def _even(corpus: Corpus) -> Examples:
    """Weigh spam and the rest alike: how frequent spam is differs from site to site."""
    truth = corpus.truth[:, 0]
    rate = float(truth.mean())
    weights: NDArray[np.float32] = np.where(truth == 1, 0.5 / rate, 0.5 / (1 - rate)).astype(np.float32)
    return Examples(corpus.texts, corpus.truth, weights[:, np.newaxis])
