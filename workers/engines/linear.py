"""A linear model over hashed n-grams: the format of the bundled weights, and scoring with NumPy alone."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.core import text
from workers.engines import engine, features
from workers.engines.engine import EngineUnavailableError

# Longer texts are scored passage by passage and the worst one counts: padding does not dilute an insult.
PASSAGE = 4000
OVERLAP = 200
# An inverse document frequency, at most 1 + ln(rows), is kept in a byte as this many steps to one.
IDF_STEPS = 16

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class LinearModel:
    """`weights` has a row per bucket and a column per label; `idf` is the inverse document frequency of a bucket."""

    version: str
    labels: tuple[str, ...]
    ngrams: features.Ngrams
    idf: Floats
    weights: Floats
    bias: Floats

    def log_odds(self, texts: Sequence[str]) -> Floats:
        """Score texts as they came: a row per text, a column per label."""
        passages = [_passages(text.normalise(original)) for original in texts]
        if not passages:
            return np.empty((0, len(self.labels)), np.float32)
        flat = [passage for of_one_text in passages for passage in of_one_text]
        scores = np.concatenate([self._score(counts) for counts in features.count_in_passes(flat, self.ngrams)])
        firsts = np.cumsum([0, *(len(of_one_text) for of_one_text in passages[:-1])])
        worst: Floats = np.maximum.reduceat(scores, firsts, axis=0)
        return worst

    def probabilities(self, texts: Sequence[str]) -> Floats:
        return engine.probabilities(self.log_odds(texts))

    def attribute(self, normalised: str) -> Floats:
        """Share the log-odds of a text among its characters: a row per character, a column per label.

        Every n-gram gives its part to the characters that it covers; with the bias they add up to the score. Of a text
        of several passages, each has its own shares, and where two overlap the higher one stands.
        """
        shares = np.full((len(normalised), len(self.labels)), -np.inf, np.float32)
        for number, passage in enumerate(_passages(normalised)):
            start = number * (PASSAGE - OVERLAP)
            part = shares[start : start + len(passage)]
            np.maximum(part, self._share(passage), out=part)
        return shares

    def _share(self, passage: str) -> Floats:
        places = features.locate(passage, self.ngrams)
        buckets, places_of, counts = np.unique(places.buckets, return_inverse=True, return_counts=True)
        starts = np.array([0, buckets.size])
        values = features.weigh(features.Counts(starts, buckets, counts.astype(np.uint32)), self.idf)
        each = (values / counts)[places_of] / (places.ends - places.starts)
        parts = each[:, None] * self.weights[places.buckets]
        # What every n-gram adds where it starts it takes away where it ends.
        steps = _add_up(np.concatenate([places.starts, places.ends]), np.concatenate([parts, -parts]), len(passage) + 3)
        sums = np.cumsum(steps, axis=0)
        shares: Floats = sums[1 : len(passage) + 1].astype(np.float32)
        if len(passage):
            # The spaces around the text are nobody's.
            shares[0] += sums[0]
            shares[-1] += sums[len(passage) + 1]
        return shares

    def _score(self, counts: features.Counts) -> Floats:
        values = features.weigh(counts, self.idf)
        # Twice as fast as indexing.
        weights = self.weights.take(counts.buckets, axis=0)
        sums = [values[start:end] @ weights[start:end] for start, end in pairwise(counts.starts.tolist())]
        return np.array(sums) + self.bias


def _add_up(places: NDArray[np.intp], parts: Floats, size: int) -> NDArray[np.float64]:
    """Add each row of `parts` to the row at its place."""
    return np.stack([np.bincount(places, part, size) for part in parts.T], axis=1)


def save(model: LinearModel, path: Path) -> None:
    """Write a byte a weight; the same model gives the same bytes."""
    scale = np.maximum(np.abs(model.weights).max(axis=0), np.finfo(np.float32).tiny)
    ngrams = model.ngrams
    np.savez_compressed(
        path,
        version=np.array(model.version),
        labels=np.array(model.labels),
        ngrams=np.array([ngrams.bits, ngrams.shortest, ngrams.longest, ngrams.words]),
        idf=_narrow_idf(model.idf),
        weights=_narrow(model.weights / scale),
        scale=scale,
        bias=model.bias,
    )


def load(path: Path) -> LinearModel:
    """Read a model whose checksum is the one in the card beside it.

    Raises EngineUnavailableError when the file is missing, damaged or not the one that the card describes.
    """
    with np.load(io.BytesIO(_read_checked(path)), allow_pickle=False) as arrays:
        return LinearModel(
            version=str(arrays["version"]),
            labels=tuple(str(label) for label in arrays["labels"]),
            ngrams=features.Ngrams(*(int(number) for number in arrays["ngrams"])),
            idf=_widen_idf(arrays["idf"]),
            weights=_widen(arrays["weights"]) * arrays["scale"],
            bias=arrays["bias"],
        )


def round_idf(idf: Floats) -> Floats:
    """Give the values that the file can hold: fit the weights to these."""
    return _widen_idf(_narrow_idf(idf))


def _read_checked(path: Path) -> bytes:
    card = path.with_suffix(".json")
    try:
        content, promised = path.read_bytes(), json.loads(card.read_bytes())["sha256"]
    except (OSError, ValueError, KeyError) as error:
        raise EngineUnavailableError(
            f"The model {path.name} or its card {card.name} cannot be read: {error}"
        ) from error
    if hashlib.sha256(content).hexdigest() != promised:
        raise EngineUnavailableError(
            f"The model {path.name} is damaged or was replaced: its SHA-256 is not the one in {card.name}."
            " Install Gatepost again, or rebuild the models with `python -m workers.training`."
        )
    return content


def _narrow(weights: Floats) -> NDArray[np.int8]:
    """Keep the square root in a byte: most weights are small, and evenly spaced steps would lose them."""
    narrow: NDArray[np.int8] = np.rint(np.copysign(np.sqrt(np.abs(weights)), weights) * 127).astype(np.int8)
    return narrow


def _widen(narrow: NDArray[np.int8]) -> Floats:
    roots = narrow.astype(np.float32) / np.float32(127)
    weights: Floats = roots * np.abs(roots)
    return weights


def _narrow_idf(idf: Floats) -> NDArray[np.uint8]:
    return np.rint(idf * IDF_STEPS).astype(np.uint8)


def _widen_idf(narrow: NDArray[np.uint8]) -> Floats:
    return narrow.astype(np.float32) / np.float32(IDF_STEPS)


def _passages(normalised: str) -> list[str]:
    step = PASSAGE - OVERLAP
    return [normalised[start : start + PASSAGE] for start in range(0, max(len(normalised) - OVERLAP, 1), step)]
