"""Learns what the text and each signal weigh: a logistic regression over what they say of texts new to them.

The text model that judges a family of texts has learnt from none of that family: on a blog every genre is new. Each
weight stays within `BOUNDS`; what no data shows is set by hand.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from service.core import markup, text
from service.core.labels import SPAM
from service.core.models import Content
from workers import signals
from workers.signals import addresses, weights
from workers.signals.signal import History, Sighting
from workers.training import fitting, spam
from workers.training.spam import Source

FOLDS = 4
# Rows of a source that are looked at.
ROWS = 1500
RIDGE = 0.0003
# Log-odds of the text beyond this count no more: it is sure of what it knows, and blogs hold what it does not know.
TEXT_LIMIT = 5.0
# One comment in ten, before anything is seen.
PRIOR = float(np.log(0.1 / 0.9))
TEXT_BOUNDS = (0.3, 1.0)
# The least and the most that a signal may weigh, whatever the data say: rare signs of a program are surer than the
# few texts that have them can show, and what honest readers do as well must not hold a comment.
BOUNDS: dict[str, tuple[float, float]] = {
    "links": (0.2, 0.8),  # readers of technical blogs link a lot
    "mostly_links": (0.3, 1.0),  # … and answer with nothing but a link
    "keyword_links": (0.5, 1.0),
    "forum_markup": (1.5, 2.5),
    "shortener": (0.3, 1.0),
    "trade_address": (1.5, 2.5),
    "odd_address": (0.5, 1.5),
    "redirect": (0.5, 1.5),
    "spam_phrase": (0.5, 1.2),
    "blocklisted": (0.3, 0.9),  # the list has met the same spam that the weight is learnt on
    "praise": (0.2, 0.6),  # readers mean it
    "gibberish": (0.5, 1.5),
    "unfilled_template": (3.0, 3.0),
    "contact": (0.3, 1.2),
}
# No labelled data shows these: they need an author, an address, a past, a form or a blog's language.
BY_HAND: dict[str, float] = {
    "honeypot": 6.0,  # holds alone
    "too_fast": 2.0,
    "duplicate": 1.3,
    "near_duplicate": 1.0,
    "near_duplicate_elsewhere": 1.5,
    "velocity": 4.0,
    "author_velocity": 3.0,
    "host_velocity": 1.0,  # readers of a busy site may share an article, too
    "spam_domain": 4.0,  # the texts are made up, the domains are not
    "keyword_name": 3.0,
    "disguise": 0.5,
    "foreign_script": 2.5,
    "foreign_language": 1.0,
    "name_is_address": 2.5,
    "disposable_address": 1.5,
    "approved_before": -0.7,
    "rejected_before": 1.0,
}


@dataclass(frozen=True)
class Table:
    """A row per text: the text model's log-odds, then the strength of each signal in `BOUNDS`."""

    values: NDArray[np.float64]
    truth: NDArray[np.float64]
    importance: NDArray[np.float64]


def learn(sources: Sequence[Source], tell: Callable[[str], None]) -> dict[str, Any]:
    """The content of `weights.json`."""
    learnt = [source.take(held_out=False) for source in sources]
    parts = []
    for fold in range(FOLDS):
        tell(f"fold {fold + 1} of {FOLDS}")
        known = spam.examples([_outside(source, number, fold) for number, source in enumerate(learnt)])
        model = fitting.fit(known, (SPAM,), spam.RECIPE, spam.VERSION, tell)
        unknown = [_inside(source, number, fold) for number, source in enumerate(learnt) if source.name != "terms"]
        parts += [observe(model.log_odds, source) for source in unknown if source.texts]
    fitted = fit(join(parts))
    return {
        "prior": round(PRIOR, 3),
        "text": fitted[0],
        "text_limit": TEXT_LIMIT,
        "learnt": dict(zip(BOUNDS, fitted[1:], strict=True)),
        "by_hand": BY_HAND,
    }


def save(learnt: dict[str, Any]) -> None:
    weights.PATH.write_text(json.dumps(learnt, indent=2) + "\n", "utf-8")


def observe(log_odds: Callable[[Sequence[str]], Any], source: Source) -> Table:
    """What text model and signals say of a source's texts, which weigh together what the source does."""
    texts = source.texts[:: max(1, len(source.texts) // ROWS)]
    odds = np.asarray(log_odds([addresses.spelt_out(one) for one in texts])).reshape(-1)
    strengths = [_strengths(one) for one in texts]
    values = np.column_stack([np.clip(odds, -TEXT_LIMIT, TEXT_LIMIT), np.array(strengths)])
    return Table(values, np.full(len(texts), float(source.spam)), np.full(len(texts), source.weight / len(texts)))


def join(parts: Sequence[Table]) -> Table:
    columns = ([part.values for part in parts], [part.truth for part in parts], [part.importance for part in parts])
    return Table(*(np.concatenate(column) for column in columns))


def fit(table: Table) -> list[float]:
    """Weight of the text and of each signal, each within its bounds; the sides weigh alike."""
    importance = table.importance.copy()
    for side in (0.0, 1.0):
        importance[table.truth == side] *= 0.5 / importance[table.truth == side].sum()
    signs = 2 * table.truth - 1

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (table.values @ parameters[1:] + parameters[0])
        pulls = -importance * signs / (1 + np.exp(np.clip(margins, -50, 50)))
        gradient = np.concatenate([[pulls.sum()], table.values.T @ pulls + RIDGE * parameters[1:]])
        return float(importance @ np.logaddexp(0, -margins) + RIDGE / 2 * np.square(parameters[1:]).sum()), gradient

    bounds = [(None, None), TEXT_BOUNDS, *BOUNDS.values()]
    start = np.array([0.0, *(least for least, _ in bounds[1:])])
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return [round(float(weight), 3) for weight in found.x[1:]]


def _strengths(comment: str) -> list[float]:
    content = Content.model_construct(text=comment)
    seen = signals.find(Sighting(content, text.normalise(markup.plain(comment)), History()))
    found = {finding.name: finding.strength for finding in seen}
    return [found.get(name, 0.0) for name in BOUNDS]


def _outside(source: Source, number: int, fold: int) -> Source:
    return _part(source, [where != fold for where in _folds(source, number)])


def _inside(source: Source, number: int, fold: int) -> Source:
    return _part(source, [where == fold for where in _folds(source, number)])


def _part(source: Source, taken: Sequence[bool]) -> Source:
    texts = [one for one, take in zip(source.texts, taken, strict=True) if take]
    share = source.weight * len(texts) / max(len(source.texts), 1)
    return replace(source, texts=texts, weight=share, held_out=[False] * len(texts))


def _folds(source: Source, number: int) -> list[int]:
    """A family is unknown as a whole, and all praise at once; of ordinary texts each row for itself."""
    rows = len(source.texts)
    if "praise" in source.name or source.name == "constructs":
        return [0] * rows
    whole = source.name.startswith(("spam: ", "genuine: ")) or source.name in ("youtube and sms", "chat")
    return [number % FOLDS] * rows if whole else [row % FOLDS for row in range(rows)]
