"""How texts become windows and batches, and windows texts again."""

import numpy as np

from workers.engines import windows


def test_every_window_is_in_one_batch_and_no_batch_exceeds_its_tokens() -> None:
    lengths = [index * 37 % 500 + 2 for index in range(200)]

    batches = list(windows.batches(lengths, windows.TOKENS_PER_BATCH))

    assert sorted(index for batch in batches for index in batch) == list(range(200))
    assert max(len(batch) * max(lengths[i] for i in batch) for batch in batches) <= windows.TOKENS_PER_BATCH


def test_a_text_gets_the_highest_of_its_windows() -> None:
    values = np.array([[1, 2], [5, 0], [3, 9], [4, 4]], np.float32)

    rows = windows.highest([1500, 20, 1000, 10], [0, 1, 1, 2], lambda batch: values[batch], windows.TOKENS_PER_BATCH)

    assert rows.tolist() == [[1, 2], [5, 9], [4, 4]]


def test_neighbouring_windows_share_a_quarter() -> None:
    assert windows.overlap(512) == 128
