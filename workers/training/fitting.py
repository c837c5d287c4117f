"""Fits a linear model to a corpus: logistic regression a label, over n-grams scaled by how telling each is."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from workers.engines import features, linear

SEED = 20261124


@dataclass(frozen=True)
class Recipe:
    ngrams: features.Ngrams
    # Inverse strength of the regularisation.
    strength: float
    # Weight added to both sides of the ratio that says how telling an n-gram is.
    smoothing: float


@dataclass(frozen=True)
class Examples:
    """`weights` has a row per text and a column per label: 0 where a label is not known."""

    texts: list[str]
    truth: NDArray[np.int8]
    weights: NDArray[np.float32]


def join(*parts: Examples) -> Examples:
    return Examples(
        [text for part in parts for text in part.texts],
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def fit(
    examples: Examples, labels: tuple[str, ...], recipe: Recipe, version: str, tell: Callable[[str], None]
) -> linear.LinearModel:
    tell(f"counting n-grams of {len(examples.texts):,} texts")
    counts = features.count(examples.texts, recipe.ngrams)
    idf = linear.round_idf(_inverse_document_frequencies(counts, recipe.ngrams))
    matrix = _matrix(counts, idf, recipe.ngrams)
    weights = np.zeros((1 << recipe.ngrams.bits, len(labels)), np.float32)
    bias = np.zeros(len(labels), np.float32)
    for column, label in enumerate(labels):
        tell(f"fitting {label}")
        known = examples.weights[:, column] > 0
        truth, importance = examples.truth[known, column], examples.weights[known, column]
        weights[:, column], bias[column] = _fit_label(matrix[known], truth, importance, recipe)
    return linear.LinearModel(version, labels, recipe.ngrams, idf, weights, bias)


@dataclass(frozen=True)
class Calibration:
    """Platt scaling: log-odds times `slopes` plus `shifts`, per label."""

    slopes: linear.Floats
    shifts: linear.Floats

    def apply(self, model: linear.LinearModel) -> linear.LinearModel:
        return replace(model, weights=model.weights * self.slopes, bias=model.bias * self.slopes + self.shifts)


def calibrate(model: linear.LinearModel, unseen: Examples) -> Calibration:
    """Compare the model's log-odds with the truth on texts that it has not learnt from."""
    scores = model.log_odds(unseen.texts)
    lines = [
        LogisticRegression(C=1e6).fit(scores[:, [column]], unseen.truth[:, column], unseen.weights[:, column])
        for column in range(len(model.labels))
    ]
    slopes = np.array([line.coef_[0, 0] for line in lines], np.float32)
    return Calibration(slopes, np.array([line.intercept_[0] for line in lines], np.float32))


def _inverse_document_frequencies(counts: features.Counts, ngrams: features.Ngrams) -> linear.Floats:
    rows = counts.starts.size - 1
    frequencies = np.bincount(counts.buckets, minlength=1 << ngrams.bits)
    return (1 + np.log((1 + rows) / (1 + frequencies))).astype(np.float32)


def _matrix(counts: features.Counts, idf: linear.Floats, ngrams: features.Ngrams) -> sparse.csr_matrix:
    values = features.weigh(counts, idf)
    shape = (counts.starts.size - 1, 1 << ngrams.bits)
    # scikit-learn's solver takes 32-bit indices only.
    return sparse.csr_matrix((values, counts.buckets.astype(np.int32), counts.starts.astype(np.int32)), shape)


def _fit_label(
    matrix: sparse.csr_matrix, truth: NDArray[np.int8], importance: linear.Floats, recipe: Recipe
) -> tuple[linear.Floats, float]:
    telling = _telling(matrix, truth == 1, importance, recipe.smoothing)
    scaled = matrix.copy()
    scaled.data *= telling[scaled.indices]
    regression = LogisticRegression(
        C=recipe.strength, solver="liblinear", dual=True, tol=0.1, max_iter=1000, random_state=SEED
    ).fit(scaled, truth, sample_weight=importance)
    return regression.coef_[0].astype(np.float32) * telling, float(regression.intercept_[0])


def _telling(
    matrix: sparse.csr_matrix, positive: NDArray[np.bool_], importance: linear.Floats, smoothing: float
) -> linear.Floats:
    """Square root of the naive Bayes log ratio: rare but one-sided n-grams are let speak.

    After Wang and Manning (2012), "Baselines and Bigrams", whose ratio is unrooted.
    """
    ahead = matrix[positive].T @ importance[positive] + smoothing
    against = matrix[~positive].T @ importance[~positive] + smoothing
    ratio = np.log(ahead / ahead.sum()) - np.log(against / against.sum())
    telling: linear.Floats = np.sqrt(np.abs(ratio)).astype(np.float32)
    return telling
