"""What is learnt stays within its bounds."""

import numpy as np

from workers.training import weights
from workers.training.spam import Source
from workers.training.weights import BOUNDS, ENCODER_BOUNDS, TEXT_BESIDE_BOUNDS, TEXT_BOUNDS, Table

READERS = {"text_alone": TEXT_BOUNDS, "text_beside_encoder": TEXT_BESIDE_BOUNDS, "encoder": ENCODER_BOUNDS}


def test_no_weight_leaves_its_bounds_whatever_the_data_say() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(400, 2 + len(BOUNDS)))
    truth = (values.sum(axis=1) < 0).astype(float)

    learnt = weights.weigh(Table(values, truth, np.ones(400)))

    found = {**learnt["learnt"], **{name: learnt[name] for name in READERS}}
    for name, (least, most) in {**BOUNDS, **READERS}.items():
        assert least <= found[name] <= most, name


def test_what_tells_spam_apart_weighs_more_than_what_does_not() -> None:
    truth = np.tile([0.0, 1.0], 200)
    values = np.zeros((400, 2 + len(BOUNDS)))
    values[:, 2 + list(BOUNDS).index("links")] = truth
    values[::4, 2 + list(BOUNDS).index("praise")] = 1

    learnt = weights.weigh(Table(values, truth, np.ones(400)))["learnt"]

    assert learnt["links"] > learnt["praise"]


def test_an_encoder_that_is_right_weighs_more_than_one_that_is_not() -> None:
    truth = np.tile([0.0, 1.0], 200)
    right, wrong = np.zeros((400, 2 + len(BOUNDS))), np.zeros((400, 2 + len(BOUNDS)))
    right[:, 1] = 2 * truth - 1
    wrong[:, 1] = 1 - 2 * truth

    learnt = [weights.weigh(Table(values, truth, np.ones(400)))["encoder"] for values in (right, wrong)]

    assert learnt[0] > learnt[1]


def test_a_text_is_observed_as_log_odds_and_strengths() -> None:
    source = Source("x", ["buy cialis http://a.example"], True, 1.0, [False])

    table = weights.observe(source, lambda _: np.full((1, 1), 99.0, np.float32), lambda _: np.full(1, -2.0, np.float32))

    assert table.values[0, :2].tolist() == [weights.LIMIT, -2.0]
    assert table.values[0, 2 + list(BOUNDS).index("spam_phrase")] == 1


def test_what_the_encoder_was_trained_on_is_weighed_by_the_rows_held_out() -> None:
    known = Source("chat", ["learnt", "held out"], False, 1.0, [False, True])
    new = Source("spam: loans", ["new", "kept"], True, 1.0, [False, True])

    shown = weights.shown([known, new])

    assert [source.texts for source in shown] == [["learnt"], ["new"], ["held out"], ["new"]]
