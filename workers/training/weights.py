"""Learns what the readers of a text and each signal weigh: a logistic regression over texts new to them.

What judges a family of texts, linear model or encoder, has learnt from none of that family: on a blog every genre is
new. Each weight stays within its bounds; what no data shows is set by hand.
"""

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from service.core import markup, text
from service.core.labels import SPAM
from service.core.models import Content
from service.core.policy import Policy
from workers import signals
from workers.engines.linear import Floats
from workers.signals import addresses, weights
from workers.signals.signal import History, Sighting
from workers.training import fitting, head, spam
from workers.training.head import Vectors
from workers.training.spam import Source

LogOdds = Callable[[Sequence[str]], Floats]

FOLDS = 4
RIDGE = 0.0003
# Log-odds of a reader beyond this count no more: it is sure of what it knows, and blogs hold what it does not know.
LIMIT = 5.0
# One comment in ten, before anything is seen.
PRIOR = float(np.log(0.1 / 0.9))
TEXT_BOUNDS, TEXT_BESIDE_BOUNDS = (0.3, 0.5), (0.3, 0.5)
# Most families are written by us in one manner, which the encoder learns with them; on real spam, more than this made
# things worse (docs/decisions/0013-spam-encoder.md).
ENCODER_BOUNDS = (0.1, 0.2)
# The least and the most that a signal may weigh, whatever the data say: rare signs of a program are surer than the
# few texts that have them can show, and what honest readers do as well must not hold a comment.
BOUNDS: dict[str, tuple[float, float]] = {
    "links": (0.2, 0.4),  # readers of technical blogs link a lot
    "mostly_links": (0.3, 0.8),  # … and answer with nothing but a link
    "keyword_links": (0.3, 0.7),  # … and write HTML by hand
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
    "on_topic": -0.5,  # who is paid to comment may read the title, too
    "name_is_address": 2.5,
    "disposable_address": 1.5,
    "approved_before": -0.7,
    "rejected_before": 1.0,
}


# The encoder's own training knew these texts: of them only the held-out tenth tells what its answer is worth.
KNOWN_TO_ENCODER = frozenset({"youtube and sms", "chat", "discussions", "articles"})


@dataclass(frozen=True)
class Table:
    """A row per text: the log-odds of the text model and of the encoder, then the strength of each signal."""

    values: NDArray[np.float64]
    truth: NDArray[np.float64]
    importance: NDArray[np.float64]


def shown(sources: Sequence[Source]) -> list[Source]:
    """What the encoder is shown: the rows that it learns from, and those that it is weighed on."""
    learnt = [source.take(held_out=False).thin() for source in sources]
    return [*learnt, *map(_new_to_encoder, sources)]


def look(sources: Sequence[Source], vectors: Vectors, tell: Callable[[str], None]) -> Table:
    """What readers that are new to them say of the texts; `vectors` holds every text of `shown(sources)`."""
    parts: list[Table] = []
    for fold in range(FOLDS):
        tell(f"fold {fold + 1} of {FOLDS}")
        parts += _look(fold, sources, vectors, tell)
    return join(parts)


def _look(fold: int, sources: Sequence[Source], vectors: Vectors, tell: Callable[[str], None]) -> Iterator[Table]:
    learnt = [source.take(held_out=False) for source in sources]
    known = _parts(learnt, {*range(FOLDS)} - {fold})
    text_model = fitting.fit(spam.examples(known), (SPAM,), spam.RECIPE, spam.VERSION, tell)
    last_layer = head.fit(_parts([source.thin() for source in learnt], {*range(FOLDS)} - {fold}), vectors)
    for source in _parts([_new_to_encoder(source) for source in sources], {fold}):
        # Terms are no texts.
        if source.texts and source.name != "terms":
            yield observe(source, text_model.log_odds, lambda texts: last_layer.log_odds(_rows(vectors, texts)))


def weigh(table: Table) -> dict[str, Any]:
    """The content of `weights.json`.

    First the signals beside the text model alone, since not every engine has the encoder; then the two readers.
    """
    text, encoder, strengths = table.values[:, :1], table.values[:, 1:2], table.values[:, 2:]
    alone, *learnt = fit(replace(table, values=np.hstack([text, strengths])), [TEXT_BOUNDS, *BOUNDS.values()])
    told = strengths @ learnt
    beside = fit(replace(table, values=np.hstack([text, encoder])), [TEXT_BESIDE_BOUNDS, ENCODER_BOUNDS], told)
    return {
        "prior": round(PRIOR, 3),
        "limit": LIMIT,
        "text_alone": alone,
        "text_beside_encoder": beside[0],
        "encoder": beside[1],
        "learnt": dict(zip(BOUNDS, learnt, strict=True)),
        "by_hand": BY_HAND,
    }


def measure(table: Table, learnt: dict[str, Any]) -> dict[str, Any]:
    """How well text and signals together tell the texts apart that their readers had not learnt from."""
    strengths = PRIOR + table.values[:, 2:] @ list(learnt["learnt"].values())
    alone = strengths + table.values[:, 0] * learnt["text_alone"]
    beside = strengths + table.values[:, :2] @ [learnt["text_beside_encoder"], learnt["encoder"]]
    return {
        "rows": len(table.truth),
        "spam": int(table.truth.sum()),
        "without_encoder": _figures(table, alone),
        "with_encoder": _figures(table, beside),
    }


def _figures(table: Table, log_odds: NDArray[np.float64]) -> dict[str, float]:
    held, spam_rows = 1 / (1 + np.exp(-log_odds)) >= Policy().threshold(SPAM), table.truth == 1
    return {
        "roc_auc": round(float(roc_auc_score(spam_rows, log_odds)), 4),
        "recall": round(float(held[spam_rows].mean()), 4),
        "ordinary_held": round(float(held[~spam_rows].mean()), 5),
    }


def save(learnt: dict[str, Any]) -> None:
    weights.PATH.write_text(json.dumps(learnt, indent=2) + "\n", "utf-8")


def observe(source: Source, text_model: LogOdds, encoder: LogOdds) -> Table:
    """What readers and signals say of a source's texts, which weigh together what the source does."""
    texts = source.texts
    odds = np.column_stack(
        [np.ravel(text_model([addresses.spelt_out(one) for one in texts])), np.ravel(encoder(texts))]
    )
    values = np.hstack([np.clip(odds, -LIMIT, LIMIT), [_strengths(one) for one in texts]])
    return Table(values, np.full(len(texts), float(source.spam)), np.full(len(texts), source.weight / len(texts)))


def join(parts: Sequence[Table]) -> Table:
    columns = ([part.values for part in parts], [part.truth for part in parts], [part.importance for part in parts])
    return Table(*(np.concatenate(column) for column in columns))


def fit(table: Table, bounds: Sequence[tuple[float, float]], told: NDArray[np.float64] | float = 0.0) -> list[float]:
    """Weight of each column within its bounds; `told` are log-odds that count beside. The sides weigh alike."""
    importance = table.importance.copy()
    for side in (0.0, 1.0):
        importance[table.truth == side] *= 0.5 / importance[table.truth == side].sum()
    signs = 2 * table.truth - 1

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (table.values @ parameters[1:] + parameters[0] + told)
        pulls = -importance * signs / (1 + np.exp(np.clip(margins, -50, 50)))
        gradient = np.concatenate([[pulls.sum()], table.values.T @ pulls + RIDGE * parameters[1:]])
        return float(importance @ np.logaddexp(0, -margins) + RIDGE / 2 * np.square(parameters[1:]).sum()), gradient

    start = np.array([0.0, *(least for least, _ in bounds)])
    found = minimize(loss, start, jac=True, bounds=[(None, None), *bounds], method="L-BFGS-B")
    return [round(float(weight), 3) for weight in found.x[1:]]


def _strengths(comment: str) -> list[float]:
    content = Content.model_construct(text=comment)
    seen = signals.find(Sighting(content, text.normalise(markup.plain(comment)), History()))
    found = {finding.name: finding.strength for finding in seen}
    return [found.get(name, 0.0) for name in BOUNDS]


def _new_to_encoder(source: Source) -> Source:
    return source.take(held_out=source.name in KNOWN_TO_ENCODER).thin()


def _rows(vectors: Vectors, texts: Sequence[str]) -> Floats:
    return np.array([vectors[one] for one in texts])


def _parts(sources: Sequence[Source], folds: set[int]) -> list[Source]:
    return [_part(source, number, folds) for number, source in enumerate(sources)]


def _part(source: Source, number: int, folds: set[int]) -> Source:
    """The part of a source in the folds, with that part of its weight."""
    texts = [one for one in source.texts if _fold(source, number, one) in folds]
    share = source.weight * len(texts) / max(len(source.texts), 1)
    return replace(source, texts=texts, weight=share, held_out=[False] * len(texts))


def _fold(source: Source, number: int, text: str) -> int:
    """A family is unknown as a whole, and all praise at once; of ordinary texts each row for itself."""
    if "praise" in source.name or source.name == "constructs":
        return 0
    whole = source.name.startswith(("spam: ", "genuine: ")) or source.name in ("youtube and sms", "chat")
    return (number if whole else zlib.crc32(text.encode())) % FOLDS
