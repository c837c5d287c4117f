"""What the encoder learns from: every labelled set at its weight, cut into epochs."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.core.labels import LABELS, SPAM, TOXICITY_LABELS
from workers.training import corpora, fitting, templates, toxicity
from workers.training.corpora import Corpus
from workers.training.fitting import SEED, Examples

_TOXICITY = LABELS.index("toxicity")
_SPAM = LABELS.index(SPAM)


@dataclass(frozen=True)
class Part:
    """`share`: how much of it an epoch sees; what follows in the next epoch was not seen in this one."""

    examples: Examples
    share: float = 1.0


@dataclass(frozen=True)
class Mixture:
    parts: list[Part]

    def epoch(self, number: int) -> Examples:
        return fitting.join(*(_slice(part, number) for part in self.parts))


def read(folder: Path) -> Mixture:
    """Read everything that may be learnt from, without the rows that the engines are calibrated on."""
    wikipedia = corpora.jigsaw(folder)
    wikipedia = wikipedia.take(~wikipedia.held_out & ~toxicity.calibration_rows(wikipedia))
    harmful: NDArray[np.bool_] = wikipedia.truth.max(axis=1) == 1
    news_toxic, news_harmless = (_learnt(corpus) for corpus in corpora.toxic_spans(folder))
    tweets = _learnt(corpora.tweets(folder))
    return Mixture(
        [
            Part(_examples(wikipedia.take(harmful), 1.0)),
            # Twice as many toxic comments as in nature, and a third of the harmless ones at a time.
            Part(_examples(wikipedia.take(~harmful), 2.0, spam_weight=0.3), share=1 / 3),
            Part(_examples(_learnt(corpora.identity_terms(folder)), 1.0, spam_weight=0.3), share=0.5),
            Part(_examples(news_toxic, 1.0, known=("toxicity",))),
            # The rest of a toxic comment is often rude.
            Part(_examples(news_harmless, 0.3), share=0.5),
            Part(_tweets(tweets), share=0.5),
            Part(_examples(corpora.functional(), 1.0)),
            Part(_examples(corpora.harmless(templates.learnt()), 1.0), share=0.5),
            Part(_spam(_learnt(corpora.spam(folder)))),
        ]
    )


def _learnt(corpus: Corpus) -> Corpus:
    return corpus.take(~corpus.held_out)


def _examples(
    corpus: Corpus, weight: float, known: tuple[str, ...] = TOXICITY_LABELS, spam_weight: float = 0.0
) -> Examples:
    truth = np.zeros((len(corpus), len(LABELS)), np.int8)
    truth[:, : len(TOXICITY_LABELS)] = corpus.truth
    weights = np.zeros(truth.shape, np.float32)
    weights[:, [LABELS.index(label) for label in known]] = weight
    weights[:, _SPAM] = spam_weight
    return Examples(corpus.texts, truth, weights)


def _tweets(corpus: Corpus) -> Examples:
    """Hateful tweets attack a group. Offensive ones were found by a list of swear words: said in jest as often."""
    examples = _examples(corpus, 0.7)
    offensive = (corpus.truth[:, _TOXICITY] == 1) & (corpus.truth[:, TOXICITY_LABELS.index("identity_attack")] == 0)
    examples.weights[offensive] *= 0.3
    examples.weights[:, [LABELS.index(label) for label in ("severe_toxicity", "threat", "insult")]] *= ~corpus.truth[
        :, [_TOXICITY]
    ].astype(bool)
    return examples


def _spam(corpus: Corpus) -> Examples:
    truth = np.zeros((len(corpus), len(LABELS)), np.int8)
    truth[:, _SPAM] = corpus.truth[:, 0]
    weights = np.zeros(truth.shape, np.float32)
    weights[:, _SPAM] = 1
    return Examples(corpus.texts, truth, weights)


def _slice(part: Part, number: int) -> Examples:
    rows = len(part.examples.texts)
    size = int(rows * part.share)
    order = np.random.default_rng(SEED).permutation(rows)
    return _take(part.examples, np.take(order, range(number * size, (number + 1) * size), mode="wrap"))


def _take(examples: Examples, rows: NDArray[np.intp]) -> Examples:
    return Examples([examples.texts[row] for row in rows], examples.truth[rows], examples.weights[rows])
