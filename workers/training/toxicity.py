"""The recipe of the toxicity model: which texts, at what weight, and how its probabilities are made honest."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.core.labels import TOXICITY_LABELS
from workers.engines import features, linear
from workers.training import corpora, fitting, functional, templates
from workers.training.corpora import Corpus
from workers.training.fitting import Examples

VERSION = "2"
RECIPE = fitting.Recipe(features.Ngrams(bits=19, shortest=3, longest=5, words=2), strength=3.0, smoothing=0.02)

# Share of toxic comments on Wikipedia's talk pages; the data has about twice as many.
NATURAL_RATE = 0.096
# Learnt beside Wikipedia's comments, each row at this weight (measured: see the model card).
IDENTITY_WEIGHT = 1.0
TEMPLATE_WEIGHT = 1.0
FUNCTIONAL_WEIGHT = 1.0
NEWS_WEIGHT = 0.5


@dataclass(frozen=True)
class Data:
    wikipedia: Corpus
    identity: Corpus
    templates: Corpus
    # Harmless ones only: with the hateful ones, which hold the same words, n-grams held four times as many harmless.
    functional: Corpus
    news_toxic: Corpus
    news_harmless: Corpus


def read(folder: Path) -> Data:
    toxic, harmless = corpora.toxic_spans(folder)
    return Data(
        corpora.jigsaw(folder),
        corpora.identity_terms(folder),
        corpora.harmless(templates.learnt()),
        corpora.harmless(case.text for case in functional.learnt() if not case.labels),
        toxic,
        harmless,
    )


@dataclass(frozen=True)
class Trained:
    model: linear.LinearModel
    # The same without the calibration rows: what is fitted on top of the model must not have seen them.
    draft: linear.LinearModel


def train(data: Data, tell: Callable[[str], None], version: str = VERSION) -> Trained:
    """Fit once without a tenth to calibrate on it, then again with it."""
    unseen = calibration_rows(data.wikipedia)
    tell("calibrating: first fit, without the calibration rows")
    draft = fitting.fit(_examples(data, ~unseen), TOXICITY_LABELS, RECIPE, version, tell)
    calibration = fitting.calibrate(draft, calibration_examples(data))
    tell("final fit")
    everything = _examples(data, np.ones(len(data.wikipedia), np.bool_))
    final = fitting.fit(everything, TOXICITY_LABELS, RECIPE, version, tell)
    return Trained(calibration.apply(final), calibration.apply(draft))


def calibration_examples(data: Data) -> Examples:
    return natural_examples(data.wikipedia.take(calibration_rows(data.wikipedia)))


def natural_examples(corpus: Corpus) -> Examples:
    """Weigh the harmless rows up, so that toxic ones are as frequent as in nature."""
    return Examples(corpus.texts, corpus.truth, natural_weights(corpus))


def natural_weights(corpus: Corpus) -> NDArray[np.float32]:
    harmless = ~corpus.truth.any(axis=1)
    toxic = int(corpus.truth[:, TOXICITY_LABELS.index("toxicity")].sum())
    weight = (toxic / NATURAL_RATE - int((~harmless).sum())) / int(harmless.sum())
    return _columns(np.where(harmless, weight, 1.0))


def _examples(data: Data, wikipedia_rows: NDArray[np.bool_]) -> Examples:
    wikipedia = natural_examples(data.wikipedia.take(wikipedia_rows & ~data.wikipedia.held_out))
    return fitting.join(
        wikipedia,
        _weighted(data.identity, IDENTITY_WEIGHT),
        _weighted(data.templates, TEMPLATE_WEIGHT),
        _weighted(data.functional, FUNCTIONAL_WEIGHT),
        _weighted(data.news_toxic, NEWS_WEIGHT, known=("toxicity",)),
        _weighted(data.news_harmless, NEWS_WEIGHT),
    )


def _weighted(corpus: Corpus, weight: float, known: tuple[str, ...] = TOXICITY_LABELS) -> Examples:
    learnt = corpus.take(~corpus.held_out)
    weights = _columns(np.full(len(learnt), weight))
    weights[:, [label not in known for label in TOXICITY_LABELS]] = 0
    return Examples(learnt.texts, learnt.truth, weights)


def _columns(weights: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.repeat(weights.astype(np.float32)[:, np.newaxis], len(TOXICITY_LABELS), axis=1)


def calibration_rows(corpus: Corpus) -> NDArray[np.bool_]:
    """A tenth of the rows that may be learnt from, the same ones every time."""
    chance = np.random.default_rng(fitting.SEED).random(len(corpus))
    return (chance < 0.1) & ~corpus.held_out  # noqa: PLR2004 - a tenth.
