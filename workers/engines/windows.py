"""How a transformer reads texts of any length: in overlapping windows of tokens, like lengths batched together."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Tokens = NDArray[np.int64]

# On two CPU cores, 64 comments cost a third less time than with 8192: less padding, and it fits the cache.
TOKENS_PER_BATCH = 2048
ALONE = 0  # each window by itself
GPU_TOKENS_PER_BATCH = 32768


def overlap(window: int) -> int:
    """Tokens that two neighbouring windows share, so that what stands across an edge is read whole once."""
    return window // 4


def encodable(text: str) -> str:
    """Replace lone surrogates: tokenizers refuse them."""
    return text.encode(errors="replace").decode()


def highest(
    lengths: Sequence[int], owners: Sequence[int], infer: Callable[[list[int]], Floats], tokens_per_batch: int
) -> Floats:
    """Give a row per text: of each label, the highest value in any of its windows.

    Window i has `lengths[i]` tokens and belongs to text `owners[i]`; owners ascend, and each text has a window.
    `infer` takes the indexes of a batch's windows and gives a row for each.
    """
    groups = list(batches(lengths, tokens_per_batch))
    rows = np.concatenate([infer(group) for group in groups])
    in_order = rows[np.argsort(np.concatenate(groups))]
    worst: Floats = np.maximum.reduceat(in_order, np.flatnonzero(np.diff(owners, prepend=-1)))
    return worst


def padded(batch: Sequence[Sequence[int]], pad_id: int) -> tuple[Tokens, Tokens]:
    """The windows' tokens, each filled up to the longest, and a mask that is 1 where a token is one."""
    ids = np.full((len(batch), max(map(len, batch))), pad_id, np.int64)
    mask = np.zeros_like(ids)
    for row, window in enumerate(batch):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
    return ids, mask


def batches(lengths: Sequence[int], tokens_per_batch: int) -> Iterator[list[int]]:
    """Group indexes of like length, so that little padding is computed; padding counts as tokens."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > tokens_per_batch:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
