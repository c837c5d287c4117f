"""What a model does to a name shows in the figures of that name."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.core.labels import TOXICITY_LABELS
from workers.training import fairness

HOLD_AT = dict.fromkeys(TOXICITY_LABELS, 0.5)
ATTACKED = {case.text for case in fairness.cases() if case.labels}


def test_a_model_that_knows_the_truth_has_no_false_holds_and_full_recall() -> None:
    figures = fairness.measure(_toxic_when(lambda text: text in ATTACKED), HOLD_AT)
    assert (figures.false_holds, figures.recall, figures.roc_auc) == (0, 1, 1)


def test_a_model_that_holds_a_name_shows_it_as_the_worst() -> None:
    worst = fairness.measure(_toxic_when(lambda text: "chinese" in text.lower()), HOLD_AT).names[0]
    assert worst.name == "Chinese"
    assert worst.false_holds > 0.6
    assert worst.recall > 0.9


def test_a_model_that_calls_everything_the_same_is_at_chance() -> None:
    figures = fairness.measure(_toxic_when(lambda _: False), HOLD_AT)
    assert figures.roc_auc == 0.5
    assert {kind.roc_auc for kind in figures.attack_kinds + figures.harmless_kinds} == {0.5}


def test_any_label_over_its_own_threshold_holds() -> None:
    figures = fairness.measure(_toxic_when(lambda _: True, "threat"), HOLD_AT | {"threat": 0.9})
    assert figures.recall == 0
    assert fairness.measure(_toxic_when(lambda _: True, "threat"), HOLD_AT).recall == 1


def test_attacks_that_are_missed_come_first() -> None:
    figures = fairness.measure(_toxic_when(lambda text: "should be" in text), HOLD_AT)
    recalls = [kind.held for kind in figures.attack_kinds]
    assert recalls == sorted(recalls)
    assert recalls[0] < recalls[-1]


def test_the_table_has_a_row_for_each_kind_and_the_worst_names() -> None:
    figures = fairness.measure(_toxic_when(lambda text: "chinese" in text.lower()), HOLD_AT)
    rows = fairness.table(figures, names=3).splitlines()
    assert len(rows) == 2 + 1 + 3 + 1 + 2 + len(figures.attack_kinds) + len(figures.harmless_kinds)
    assert rows[3].startswith("| Chinese |")


def _toxic_when(is_toxic: Callable[[str], bool], label: str = "toxicity") -> fairness.Probabilities:
    def probabilities(texts: Sequence[str]) -> NDArray[np.float64]:
        scores = np.full((len(texts), len(TOXICITY_LABELS)), 0.1)
        scores[[is_toxic(text) for text in texts], TOXICITY_LABELS.index(label)] = 0.8
        return scores

    return probabilities
