"""Measures a toxicity model on texts that it has not learnt from."""

import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from service.core.labels import TOXICITY_LABELS
from service.core.policy import Policy
from workers.engines.linear import Floats
from workers.evaluation import metrics
from workers.training import templates, toxicity
from workers.training.corpora import Corpus

Figures = dict[str, Any]
HOLD_AT = 0.5
TOXICITY = TOXICITY_LABELS.index("toxicity")


class Model(Protocol):
    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Give a row per text and a column per toxicity label."""
        ...


def measure(model: Model, data: toxicity.Data) -> Figures:
    return {
        "wikipedia_held_out": measure_wikipedia(model, data.wikipedia.take(data.wikipedia.held_out)),
        "identity_terms_held_out": _share_held(model, data.identity),
        "naming_a_group": _measure_naming(model),
        "news_toxic_held_out": _share_held(model, data.news_toxic),
        "news_without_toxic_words": _share_held(model, data.news_harmless),
        "comments_per_second": _measure_speed(model, data.wikipedia),
    }


def measure_wikipedia(model: Model, held_out: Corpus) -> Figures:
    probabilities = model.probabilities(held_out.texts)
    weights = toxicity.natural_weights(held_out)[:, 0]
    labels = {
        label: _measure_label(probabilities[:, column], held_out.truth[:, column], weights)
        for column, label in enumerate(TOXICITY_LABELS)
    }
    return {
        "rows": len(held_out),
        "mean_roc_auc": _mean(labels, "roc_auc"),
        "mean_roc_auc_natural": _mean(labels, "roc_auc_natural"),
        "labels": labels,
    }


def _measure_label(
    probabilities: NDArray[np.float32], truth: NDArray[np.int8], weights: NDArray[np.float32]
) -> Figures:
    positive = truth == 1
    scores, natural = probabilities.astype(np.float64), weights.astype(np.float64)
    return {
        "positives": int(positive.sum()),
        "roc_auc": round(metrics.roc_auc(positive, scores), 4),
        "roc_auc_natural": round(metrics.roc_auc(positive, scores, natural), 4),
        "predicted_rate_natural": round(float(np.average(probabilities, weights=weights)), 5),
        "observed_rate_natural": round(float(np.average(truth, weights=weights)), 5),
        "calibration_error_natural": round(metrics.calibration_error(positive, scores, natural), 4),
        "at": {
            str(at): _measure_threshold(probabilities >= at, positive, weights) for at in (0.2, 0.3, 0.4, 0.5, 0.7, 0.9)
        },
    }


def _measure_threshold(held: NDArray[np.bool_], positive: NDArray[np.bool_], weights: NDArray[np.float32]) -> Figures:
    right = weights[held & positive].sum()
    return {
        "recall": round(float(right / weights[positive].sum()), 4),
        "precision_natural": round(float(right / max(weights[held].sum(), 1)), 4),
        "held_natural": round(float(weights[held].sum() / weights.sum()), 5),
    }


def _measure_naming(model: Model) -> Figures:
    """Share of harmless sentences held by any label, by the name in them; none of the sentences was learnt from."""
    namings = templates.measured()
    hold_at = [Policy().threshold(label) for label in TOXICITY_LABELS]
    over = model.probabilities([naming.sentence for naming in namings]) >= np.array(hold_at)
    held = np.logical_or.reduce(over, axis=1)
    by_name: defaultdict[str, list[bool]] = defaultdict(list)
    for naming, is_held in zip(namings, held.tolist(), strict=True):
        by_name[naming.name].append(is_held)
    shares = {name: round(sum(each) / len(each), 4) for name, each in by_name.items()}
    return {
        "sentences": len(namings),
        "share_held": round(float(held.mean()), 5),
        "worst_nations": _worst(shares, list(templates.NATIONS.values())),
        "worst_groups": _worst(shares, templates.GROUPS),
    }


def _worst(shares: dict[str, float], names: Sequence[str]) -> dict[str, float]:
    return dict(sorted(((name, shares[name]) for name in names), key=lambda item: -item[1])[:5])


def _share_held(model: Model, corpus: Corpus) -> Figures:
    texts = corpus.take(corpus.held_out).texts
    held = model.probabilities(texts)[:, TOXICITY] >= HOLD_AT
    return {"rows": len(texts), "share_held": round(float(held.mean()), 4)}


def _measure_speed(model: Model, corpus: Corpus) -> int:
    texts = corpus.texts[:5000]
    begin = time.process_time()
    for start in range(0, len(texts), 64):
        model.probabilities(texts[start : start + 64])
    return round(len(texts) / (time.process_time() - begin))


def _mean(labels: dict[str, Figures], figure: str) -> float:
    return round(float(np.mean([figures[figure] for figures in labels.values()])), 4)
