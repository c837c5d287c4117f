"""Training and scoring agree, and training is reproducible."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from workers.engines import features, linear
from workers.training import cards, fitting
from workers.training.fitting import Examples

RUDE = ["you idiot", "stupid fool", "what an idiot you are", "fool, shut up", "shut up, stupid"]
KIND = ["thank you", "a good idea", "what a fine day", "see the second page", "well written, thanks"]
TEXTS = RUDE + KIND
TRUTH = np.array([[1]] * len(RUDE) + [[0]] * len(KIND), np.int8)
EXAMPLES = Examples(TEXTS, TRUTH, np.ones((len(TEXTS), 1), np.float32))
RECIPE = fitting.Recipe(features.Ngrams(bits=12, shortest=2, longest=3, words=1), strength=3.0, smoothing=0.1)


def fit() -> linear.LinearModel:
    return fitting.fit(EXAMPLES, ("rude",), RECIPE, "test", tell=lambda _: None)


def save(model: linear.LinearModel, path: Path) -> linear.LinearModel:
    cards.publish(model, path, {}, lambda _: {})
    return linear.load(path)


def test_scores_are_those_of_scikit_learn() -> None:
    idf = np.linspace(1, 5, 1 << 12, dtype=np.float32)
    counts = features.count(TEXTS, RECIPE.ngrams)
    matrix = sparse.csr_matrix((features.weigh(counts, idf), counts.buckets, counts.starts), (len(TEXTS), 1 << 12))
    regression = LogisticRegression().fit(matrix, TRUTH[:, 0])
    model = linear.LinearModel(
        "test",
        ("rude",),
        RECIPE.ngrams,
        idf,
        regression.coef_.T.astype(np.float32),
        regression.intercept_.astype(np.float32),
    )
    assert model.log_odds(TEXTS)[:, 0] == pytest.approx(regression.decision_function(matrix), abs=1e-4)


def test_a_model_learns_what_it_is_shown() -> None:
    log_odds = fit().log_odds(TEXTS)[:, 0]
    assert log_odds[: len(RUDE)].min() > log_odds[len(RUDE) :].max()


def test_training_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    save(fit(), tmp_path / "one.npz")
    save(fit(), tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_a_saved_model_scores_as_before(tmp_path: Path) -> None:
    model = fit()
    saved = save(model, tmp_path / "model.npz")
    assert saved.log_odds(TEXTS) == pytest.approx(model.log_odds(TEXTS), abs=0.05)


def test_a_row_of_weight_zero_teaches_nothing() -> None:
    wrong = Examples(
        [*TEXTS, "thank you idiot"],
        np.vstack([TRUTH, [[0]]]).astype(np.int8),
        np.vstack([EXAMPLES.weights, [[0]]]).astype(np.float32),
    )
    weights = fitting.fit(wrong, ("rude",), RECIPE, "test", tell=lambda _: None).weights
    bucket = features.count(["thank you idiot"], RECIPE.ngrams).buckets
    known = features.count(TEXTS, RECIPE.ngrams).buckets
    assert not weights[np.setdiff1d(bucket, known)].any()


def test_calibration_brings_the_mean_to_the_observed_rate() -> None:
    rare = Examples(TEXTS, TRUTH, np.where(TRUTH == 1, 1, 9).astype(np.float32))
    model = fit()
    calibrated = fitting.calibrate(model, rare).apply(model)
    mean = np.average(calibrated.probabilities(TEXTS)[:, 0], weights=rare.weights[:, 0])
    assert mean == pytest.approx(0.1, abs=0.02)
