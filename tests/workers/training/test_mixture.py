"""What an epoch sees of each set."""

import numpy as np

from service.core.labels import LABELS
from workers.training.fitting import Examples
from workers.training.mixture import Mixture, Part


def part(name: str, rows: int, share: float = 1.0) -> Part:
    shape = (rows, len(LABELS))
    texts = [f"{name} {row}" for row in range(rows)]
    return Part(Examples(texts, np.zeros(shape, np.int8), np.ones(shape, np.float32)), share)


def test_an_epoch_sees_all_of_a_whole_part_and_a_share_of_another() -> None:
    epoch = Mixture([part("whole", 10), part("shared", 12, share=1 / 3)]).epoch(0)

    assert sorted(text for text in epoch.texts if text.startswith("whole")) == sorted(part("whole", 10).examples.texts)
    assert sum(text.startswith("shared") for text in epoch.texts) == 4


def test_epochs_go_on_where_the_one_before_ended() -> None:
    mixture = Mixture([part("shared", 12, share=1 / 3)])

    seen = [text for number in range(3) for text in mixture.epoch(number).texts]

    assert sorted(seen) == sorted(part("shared", 12).examples.texts)


def test_an_epoch_is_the_same_each_time() -> None:
    mixture = Mixture([part("shared", 100, share=0.5)])

    assert mixture.epoch(1).texts == mixture.epoch(1).texts
