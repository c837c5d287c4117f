"""What is learnt stays within its bounds."""

import numpy as np

from workers.training import weights
from workers.training.spam import Source
from workers.training.weights import BOUNDS, TEXT_BOUNDS, Table


def test_no_weight_leaves_its_bounds_whatever_the_data_say() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(400, 1 + len(BOUNDS)))
    truth = (values.sum(axis=1) < 0).astype(float)

    learnt = weights.fit(Table(values, truth, np.ones(400)))

    bounds = [TEXT_BOUNDS, *BOUNDS.values()]
    assert all(least <= weight <= most for weight, (least, most) in zip(learnt, bounds, strict=True))


def test_what_tells_spam_apart_weighs_more_than_what_does_not() -> None:
    truth = np.tile([0.0, 1.0], 200)
    values = np.zeros((400, 1 + len(BOUNDS)))
    links, praise = (1 + list(BOUNDS).index(name) for name in ("links", "praise"))
    values[:, links] = truth
    values[::4, praise] = 1

    learnt = weights.fit(Table(values, truth, np.ones(400)))

    assert learnt[links] > learnt[praise]


def test_a_text_is_observed_as_log_odds_and_strengths() -> None:
    source = Source("x", ["buy cialis http://a.example"], True, 1.0, [False])

    table = weights.observe(lambda texts: np.full((len(texts), 1), 99.0), source)

    assert table.values[0, 0] == weights.TEXT_LIMIT
    assert table.values[0, 1 + list(BOUNDS).index("spam_phrase")] == 1
