"""Logistic regression with a ridge, against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from workers.learning import fitting


def test_it_finds_what_scikit_learn_finds() -> None:
    random = np.random.default_rng(1)
    features = [np.unique(random.integers(0, 40, 12)).astype(np.uint32) for _ in range(300)]
    rows = fitting.stack(features)
    dense = np.zeros((rows.height, rows.vocabulary.size))
    dense[rows.rows, rows.columns] = rows.values
    truth = (dense[:, 3] + 0.3 * random.normal(size=300) > 0.1).astype(float)
    weights = random.uniform(0.2, 1, 300)

    found = fitting.fit(rows, np.zeros(300), truth, weights, 0.5)

    reference = LogisticRegression(C=2, fit_intercept=False, tol=1e-9, max_iter=2000)
    reference.fit(dense, truth, sample_weight=weights)
    assert found == pytest.approx(reference.coef_[0], abs=0.02)


def test_what_the_engines_know_need_not_be_learnt() -> None:
    features = [np.array([1, 2 if number % 2 else 3], np.uint32) for number in range(40)]
    truth = np.array([float(number % 2) for number in range(40)])
    rows = fitting.stack(features)

    known, unknown = (
        np.abs(fitting.fit(rows, offsets, truth, np.ones(40), 0.02)).max() for offsets in (12 * truth - 6, np.zeros(40))
    )

    assert known < 0.2 * unknown


def test_a_feature_of_one_comment_alone_is_left_out() -> None:
    rows = fitting.stack([np.array([1, 2], np.uint32), np.array([1, 3], np.uint32)])

    assert rows.vocabulary.tolist() == [1]


def test_no_comments_teach_nothing() -> None:
    assert fitting.fit(fitting.stack([]), np.empty(0), np.empty(0), np.empty(0), 0.02).size == 0
