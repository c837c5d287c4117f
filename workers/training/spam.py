"""The recipe of the spam model: what the text says, and then what text and signals weigh together."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from service.core import text
from service.core.labels import SPAM
from workers.engines import features, linear
from workers.signals import addresses
from workers.training import blocklist, corpora, fitting, spintax
from workers.training.corpora import Corpus
from workers.training.fitting import Examples

VERSION = "3"
RECIPE = fitting.Recipe(features.Ngrams(bits=18, shortest=2, longest=5, words=2), strength=3.0, smoothing=0.02)
COMMENTS = Path(__file__).with_name("comments")
COPIES = 30  # of one template
DISCUSSIONS, NEWS, TWEETS, ARTICLES = 8000, 4000, 3000, 1500
TERMS_TOGETHER = 3
# Rows of a source that the encoder and the signals look at: they are slower than the linear model.
ROWS = 120
# What share of its side a source has; the sides weigh alike.
WEIGHTS = {
    "spam": 0.35,
    "constructs": 0.3,
    "youtube and sms": 0.25,
    "terms": 0.1,
    "genuine": 0.3,
    "chat": 0.15,
    "discussions": 0.3,
    "news": 0.12,
    "tweets": 0.08,
    "articles": 0.05,
}


@dataclass(frozen=True)
class Source:
    """Texts of one kind. `weight` is the share of its side (spam, or not) that it has in training."""

    name: str
    texts: list[str]
    spam: bool
    weight: float
    held_out: list[bool]

    def take(self, *, held_out: bool) -> "Source":
        texts = [one for one, out in zip(self.texts, self.held_out, strict=True) if out == held_out]
        return Source(self.name, texts, self.spam, self.weight, [held_out] * len(texts))

    def thin(self) -> "Source":
        step = max(1, len(self.texts) // ROWS)
        return Source(self.name, self.texts[::step], self.spam, self.weight, self.held_out[::step])


def read(folder: Path) -> list[Source]:
    """Everything there is, by source and family. What is generated is held out by template."""
    return [*_generated(folder), *_messages(folder), *_ordinary(folder), _terms(folder)]


def train(sources: Sequence[Source], tell: Callable[[str], None], version: str = VERSION) -> linear.LinearModel:
    return fitting.fit(examples([source.take(held_out=False) for source in sources]), (SPAM,), RECIPE, version, tell)


def examples(sources: Sequence[Source]) -> Examples:
    texts = [text.normalise(addresses.spelt_out(one)) for source in sources for one in source.texts]
    truth, weights = balance(sources)
    return Examples(texts, truth[:, np.newaxis], weights[:, np.newaxis])


def balance(sources: Sequence[Source]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Truth and weight of each text: spam and the rest weigh alike, each source as it says."""
    filled = [source for source in sources if source.texts]
    truth = np.array([source.spam for source in filled for _ in source.texts], np.int8)
    weights = np.concatenate([np.full(len(source.texts), source.weight / len(source.texts)) for source in filled])
    for side in (0, 1):
        weights[truth == side] *= len(truth) / 2 / weights[truth == side].sum()
    return truth, weights.astype(np.float32)


def measure(model: linear.LinearModel, sources: Sequence[Source]) -> dict[str, Any]:
    """What the text alone tells on rows, and on families' templates, that were never learnt."""
    unseen = [source.take(held_out=True) for source in sources]
    return {
        "messages": _measure(model, [source for source in unseen if source.name in ("youtube and sms", "chat")]),
        "written": _measure(model, [source for source in unseen if source.name.startswith(("spam: ", "genuine: "))]),
        "ordinary": {
            source.name: round(float((_probabilities(model, source) >= 0.5).mean()), 4)  # noqa: PLR2004 - even odds.
            for source in unseen
            if not source.spam and source.texts
        },
    }


def _measure(model: linear.LinearModel, sources: Sequence[Source]) -> dict[str, Any]:
    scores = np.concatenate([_probabilities(model, source) for source in sources])
    truth = np.concatenate([np.full(len(source.texts), source.spam) for source in sources])
    return {
        "rows": len(truth),
        "spam": int(truth.sum()),
        "roc_auc": round(float(roc_auc_score(truth, scores)), 4),
        "recall": round(float((scores[truth] >= 0.5).mean()), 4),  # noqa: PLR2004
        "ham_held": round(float((scores[~truth] >= 0.5).mean()), 4),  # noqa: PLR2004
    }


def _probabilities(model: linear.LinearModel, source: Source) -> linear.Floats:
    return model.probabilities([addresses.spelt_out(one) for one in source.texts])[:, 0]


def _generated(folder: Path) -> Iterator[Source]:
    for kind, spam in (("spam", True), ("genuine", False)):
        grammar = spintax.read(COMMENTS / f"{kind}.txt")
        total = sum(map(len, grammar.families.values()))
        for family, templates in grammar.families.items():
            share = WEIGHTS[kind] * len(templates) / total
            yield _expanded(Source(f"{kind}: {family}", [], spam, share, []), templates, grammar.lists)
    constructs = spintax.read_constructs(folder / "list-wordpress-comment-blocklist" / "constructs.txt")
    yield _expanded(Source("constructs", [], True, WEIGHTS["constructs"], []), constructs, {})


def _expanded(about: Source, templates: Sequence[str], lists: Mapping[str, list[str]]) -> Source:
    rng = random.Random(f"{fitting.SEED} {about.name}")  # noqa: S311 - the same texts in every run.
    pairs = [(spintax.expand(one, lists, rng), corpora.in_tenth(one)) for one in templates for _ in range(COPIES)]
    return replace(about, texts=[one for one, _ in pairs], held_out=[out for _, out in pairs])


def _messages(folder: Path) -> Iterator[Source]:
    messages = corpora.spam(folder)
    spam = messages.truth[:, 0] == 1
    yield _of_corpus("youtube and sms", messages.take(spam), spam=True)
    yield _of_corpus("chat", messages.take(~spam), spam=False)


def _ordinary(folder: Path) -> Iterator[Source]:
    """What people write who sell nothing, kindly or not."""
    wikipedia = corpora.jigsaw(folder)
    harmless = wikipedia.take(wikipedia.truth.max(axis=1) == 0)
    yield _of_corpus("discussions", _first(harmless, DISCUSSIONS), spam=False)
    yield _of_corpus("news", _first(corpora.toxic_spans(folder)[0], NEWS), spam=False)
    yield _of_corpus("tweets", _first(corpora.tweets(folder), TWEETS), spam=False)
    yield _of_corpus("articles", _first(corpora.identity_terms(folder), ARTICLES), spam=False)


def _terms(folder: Path) -> Source:
    """The blocklist's terms, a few at a time: on their own they are too short to be texts."""
    terms = blocklist.terms(folder)
    random.Random(fitting.SEED).shuffle(terms)  # noqa: S311
    texts = [" ".join(terms[start : start + TERMS_TOGETHER]) for start in range(0, len(terms), TERMS_TOGETHER)]
    return Source("terms", texts, True, WEIGHTS["terms"], [False] * len(texts))


def _of_corpus(name: str, corpus: Corpus, *, spam: bool) -> Source:
    return Source(name, corpus.texts, spam, WEIGHTS[name], corpus.held_out.tolist())


def _first(corpus: Corpus, rows: int) -> Corpus:
    first: NDArray[np.bool_] = np.arange(len(corpus)) < rows
    return corpus.take(first)
