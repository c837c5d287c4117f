"""The model of one site: fitted to its lessons, kept as a few kilobytes, and asked for a bounded shift."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from workers.learning import fitting, trust
from workers.learning.examples import HEADS, Hashes
from workers.learning.fitting import Floats, Rows
from workers.learning.trust import Taught

# The most that learning moves a score, in log-odds: from 50% to 95%, or to 5%.
MOST = 3.0
# Weights of a head that are kept: the largest.
MOST_WEIGHTS = 20_000
# Learning begins when more of each kind of verdict than the first number count, and weighs its whole at the second.
_FIRST, _FULL = 2.0, 5.0
# Strength of the prior that nothing need be learnt.
RIDGE = 0.02
_SILENT = 1e-3


@dataclass(frozen=True)
class Head:
    """A weight for each hash, hashes ascending."""

    hashes: Hashes = field(default_factory=lambda: np.empty(0, np.uint32))
    weights: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def contributions(self, features: Hashes) -> Floats:
        """What each feature of an example adds to the log-odds."""
        if not self.hashes.size:
            return np.zeros(features.size)
        places = np.minimum(np.searchsorted(self.hashes, features), self.hashes.size - 1)
        known = self.hashes[places] == features
        size = np.array([features.size], np.int64)
        return np.where(known, self.weights[places], 0.0) * fitting.scale(size)

    def shift(self, features: Hashes) -> float:
        return float(np.clip(self.contributions(features).sum(), -MOST, MOST))


@dataclass(frozen=True)
class Model:
    """Version 0 has learnt nothing."""

    version: int = 0
    heads: Mapping[str, Head] = field(default_factory=lambda: {head: Head() for head in HEADS})

    @property
    def has_learnt(self) -> bool:
        return any(head.hashes.size for head in self.heads.values())


def fit(lessons: Sequence[Taught]) -> dict[str, Head]:
    """The same lessons give the same heads, in whatever order they came: what is unlearnt leaves no trace."""
    rows = fitting.stack([one.example.features for one in lessons])
    rejected = np.array([one.rejected for one in lessons], np.float64)

    def foresee(weights: Floats) -> Floats:
        """From the verdicts alone: what the engines say is not what moderators agree or disagree with."""
        return rows.times(fitting.fit(rows, np.zeros(rows.height), rejected, _even(weights, rejected), RIDGE))

    weights = trust.weigh(lessons, foresee)
    return {head: _fit_head(rows, lessons, weights, head) for head in HEADS}


def save(heads: Mapping[str, Head]) -> bytes:
    arrays = {f"{name}_{part}": getattr(head, part) for name, head in heads.items() for part in ("hashes", "weights")}
    with io.BytesIO() as file:
        np.savez_compressed(file, **arrays)
        return file.getvalue()


def load(version: int, packed: bytes) -> Model:
    if not packed:
        return Model(version)
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return Model(version, {head: Head(arrays[f"{head}_hashes"], arrays[f"{head}_weights"]) for head in HEADS})


def _fit_head(rows: Rows, lessons: Sequence[Taught], weights: Floats, head: str) -> Head:
    about = np.array([one.is_about(head) for one in lessons], np.bool_)
    truth = np.array([one.rejected for one in lessons], np.float64)
    counted = np.where(about, weights, 0.0)
    evidence = min(counted @ truth, counted @ (1 - truth))
    strength = float(np.clip((evidence - _FIRST) / (_FULL - _FIRST), 0.0, 1.0))
    if not strength:
        return Head()
    base = np.array([one.example.base[HEADS.index(head)] for one in lessons])
    fitted = strength * fitting.fit(rows, base, truth, counted, RIDGE)
    return _largest(rows.vocabulary, fitted)


def _largest(hashes: Hashes, weights: Floats) -> Head:
    kept = np.flatnonzero(np.abs(weights) > _SILENT)
    if kept.size > MOST_WEIGHTS:
        kept = np.sort(kept[np.argsort(-np.abs(weights[kept]), kind="stable")[:MOST_WEIGHTS]])
    return Head(hashes[kept], weights[kept].astype(np.float32))


def _even(weights: Floats, rejected: Floats) -> Floats:
    """Let approvals and rejections weigh alike."""
    total = weights.sum()
    shares = rejected @ weights, (1 - rejected) @ weights
    each = np.where(rejected > 0, *(total / max(2 * share, 1e-9) for share in shares))
    return np.asarray(weights * each, np.float64)
