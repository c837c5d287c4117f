"""Measures how well the marked words are the ones that people marked: character F1 on toxic-spans.

The measure is that of SemEval-2021 task 5 (Pavlopoulos et al., 2021): F1 of the sets of characters of each post,
averaged over the posts; a post without toxic spans counts 1 when nothing is marked in it and 0 otherwise.
"""

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

from service.core import text
from service.core.labels import TOXICITY_LABELS
from service.core.policy import Policy
from workers import alignment, reading, spans
from workers.engines import compact, linear
from workers.engines.linear import LinearModel
from workers.reading import Reading
from workers.training import corpora

Figures = dict[str, Any]
Characters = frozenset[int]

_PARTS = (0.4, 0.5, 0.6, 0.7, 0.8)
_SEEN_OFTEN = 3


@dataclass(frozen=True)
class Post:
    text: str
    toxic: Characters


def measure(folder: Path) -> Figures:
    """Mark the trial set, of which nothing was learnt or chosen; `folder` is that of the data sets."""
    model = linear.load(compact.MODELS / "toxicity.npz")
    train, trial = (read(folder / "toxic-spans" / f"tsd_{name}.csv.gz") for name in ("train", "trial"))
    listed = _pattern(_column(folder / "list-surge-profanity" / "profanity_en.csv", "text"))
    learnt = _pattern(_marked_words(train))
    held = [post for post in trial if _fired(model, reading.read(post.text))]
    scores = {
        "nothing marked": f1(trial, lambda _: frozenset()),
        "all marked": f1(trial, lambda post: frozenset(range(len(post)))),
        "words of a profanity list": f1(trial, lambda post: _matches(listed, post)),
        "words that people mostly marked in the training set": f1(trial, lambda post: _matches(learnt, post)),
        "ours": f1(trial, partial(mark, model)),
        "ours, posts that are held": f1(held, partial(mark, model)),
    }
    return {
        "posts": len(trial),
        "posts_without_spans": sum(not post.toxic for post in trial),
        "posts_held": len(held),
        "character_f1": scores,
    }


def choose(folder: Path) -> dict[float, float]:
    """Score each threshold on the tenth of the training set that the bundled model has not learnt from."""
    posts = [p for p in read(folder / "toxic-spans" / "tsd_train.csv.gz") if corpora.in_tenth(p.text)]
    model = linear.load(compact.MODELS / "toxicity.npz")
    return {part: f1(posts, partial(mark, model, part=part)) for part in _PARTS}


def f1(posts: Iterable[Post], marked: Callable[[str], Characters]) -> float:
    return round(mean(_f1(marked(post.text), post.toxic) for post in posts), 4)


def mark(model: LinearModel, post: str, part: float = spans.PART_OF_STRONGEST) -> Characters:
    """Mark a post that is known to be toxic, whatever the model says of it as a whole."""
    seen = reading.read(post)
    found = spans.carrying(model, alignment.forms(post, seen)[-1], _fired(model, seen) or ["toxicity"], part)
    return frozenset(place for span in found for place in range(span.start, span.end))


def read(path: Path) -> list[Post]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [Post(row["text"], frozenset(json.loads(row["spans"]))) for row in csv.DictReader(file)]


def _f1(marked: Characters, toxic: Characters) -> float:
    if not marked or not toxic:
        return float(marked == toxic)
    return 2 * len(marked & toxic) / (len(marked) + len(toxic))


def _fired(model: LinearModel, seen: Reading) -> list[str]:
    policy = Policy()
    scores = model.probabilities([seen.shown, seen.unveiled]).max(axis=0).tolist()
    return [label for label, score in zip(TOXICITY_LABELS, scores, strict=True) if score >= policy.threshold(label)]


def _column(path: Path, name: str) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [row[name] for row in csv.DictReader(file)]


def _marked_words(posts: Iterable[Post]) -> list[str]:
    """Words that are toxic in most of the posts where they are, and in three at least."""
    seen: Counter[str] = Counter()
    toxic: Counter[str] = Counter()
    for post in posts:
        places = [(text.normalise(word[0]), word.start()) for word in re.finditer(r"\w+", post.text)]
        seen.update({word for word, _ in places})
        toxic.update({word for word, start in places if start in post.toxic})
    return [word for word, times in toxic.items() if times >= _SEEN_OFTEN and 2 * times > seen[word]]


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted({text.normalise(word) for word in words} - {""}, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")


def _matches(words: re.Pattern[str], post: str) -> Characters:
    aligned = alignment.align(post)
    found = (aligned.origin(*match.span()) for match in words.finditer(aligned.copy))
    return frozenset(place for start, end in found for place in range(start, end))
