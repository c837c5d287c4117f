"""How fast a new site learns from its moderators, and what hostile verdicts can do.

    python -m bench.learning_curve FOLDER-OF-THE-DATA-SETS [--plot docs/learning-curve.svg]

Prints two Markdown tables. Each site starts with nothing; its comments come in random order, a moderator gives verdicts
on the first ones, and the error is measured on comments that were held back. No verdict is used twice.
"""

import argparse
import csv
import gzip
import html
import io
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from bench import curves
from service.core import text
from service.core.db import new_id
from service.core.labels import LABELS, SPAM, Scores
from service.core.models import Comment
from service.core.policy import Policy
from service.core.submissions import Submission, author_key
from workers import reading
from workers.engines import compact
from workers.judgement import Case, Scorer, judge
from workers.learning import examples, fitting, model, shifts
from workers.learning.examples import TOXICITY, Example
from workers.learning.trust import Taught
from workers.signals.signal import History

VERDICTS = (0, 10, 25, 50, 100, 200, 400)
ORDERS = 20
DISQUS = "{http://disqus.com}"
THRESHOLDS = {label: Policy().threshold(label) for label in LABELS}


class NoText:
    """In place of the bundled spam model, where that has learnt from the very comments."""

    version = "none"

    def log_odds(self, texts: Sequence[str]) -> list[float]:
        return [0.0] * len(texts)


@dataclass(frozen=True)
class Known:
    """A comment, what the engines say of it, and whether the site's moderators reject it."""

    example: Example
    scores: Scores
    rejected: bool


Rows = list[tuple[dict[str, Any], bool]]
Measures = tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    youtube = [_score(rows, NoText()) for rows in _youtube(arguments.data / "youtube-spam-collection")]
    scenarios = {
        "spam of its own (YouTube)": (youtube, SPAM),
        "coarse words welcome (tweets)": ([_score(_tweets(arguments.data), compact.load_spam())], TOXICITY),
        "a blog as it was (Disqus)": ([_score(_disqus(arguments.data), compact.load_spam())], SPAM),
    }
    measured = {name: _curve(sites, head) for name, (sites, head) in scenarios.items()}
    _print_curves(measured)
    _print_attacks([one for site in youtube for one in site])
    if arguments.plot:
        lines = {
            name: [(k, [row[0] for row in runs]) for k, runs in points.items()] for name, points in measured.items()
        }
        arguments.plot.write_text(curves.draw(lines, "verdicts of a moderator", "wrong decisions"), encoding="utf-8")


def _curve(sites: Sequence[list[Known]], head: str) -> dict[int, list[Measures]]:
    """(error, false holds, misses) of every order, by the number of verdicts."""
    points: dict[int, list[Measures]] = {}
    for number, site in enumerate(sites):
        for order in range(ORDERS // len(sites)):
            mixed = [site[i] for i in np.random.default_rng([number, order]).permutation(len(site))]
            held_back = mixed[-max(len(mixed) // 3, 120) :]
            coming = mixed[: -len(held_back)]
            for verdicts in VERDICTS:
                if verdicts <= len(coming):
                    heads = model.fit([_taught(one, head, "moderator:1") for one in coming[:verdicts]])
                    points.setdefault(verdicts, []).append(_measure(heads, held_back))
    return points


def _measure(heads: dict[str, model.Head], comments: Sequence[Known]) -> Measures:
    held = np.array([_is_held(heads, one) for one in comments])
    rejected = np.array([one.rejected for one in comments])
    return float((held != rejected).mean()), float(held[~rejected].mean()), float((~held[rejected]).mean())


def _is_held(heads: dict[str, model.Head], one: Known) -> bool:
    moved = shifts.move(one.scores, {name: head.shift(one.example.features) for name, head in heads.items()})
    return any(moved[label] >= threshold for label, threshold in THRESHOLDS.items())


def _taught(one: Known, head: str, actor: str) -> Taught:
    category = "spam" if head == SPAM else "toxic"
    return Taught(one.example, category if one.rejected else None, actor)


def _print_curves(measured: dict[str, dict[int, list[Measures]]]) -> None:
    print("| site | verdicts | wrong decisions | held for nothing | let through |\n|---|---|---|---|---|")
    for name, points in measured.items():
        for verdicts, runs in points.items():
            print(
                f"| {name} | {verdicts} | " + " | ".join(_percent(column) for column in zip(*runs, strict=True)) + " |"
            )


def _percent(values: Sequence[float]) -> str:
    """The mean over the orders, and 1.96 standard errors."""
    return f"{statistics.mean(values):.1%} ± {1.96 * statistics.stdev(values) / len(values) ** 0.5:.1%}"


def _print_attacks(comments: list[Known]) -> None:
    """Two honest moderators, and somebody with 500 verdicts; with our limits, and with each verdict counting alike."""
    print("\n| honest verdicts | attack | held for nothing | let through | the same without limits | |")
    print("|---|---|---|---|---|---|")
    for honest in (60, 120, 400):
        for name, attack in ATTACKS.items():
            runs = [_attack(comments, order, honest, attack) for order in range(10)]
            figures = [statistics.mean(column) for column in zip(*runs, strict=True)]
            print(f"| {honest} | {name} | " + " | ".join(f"{figure:.1%}" for figure in figures) + " |", flush=True)


def _attack(
    comments: list[Known], order: int, honest: int, attack: Callable[[list[Known]], list[Taught]]
) -> list[float]:
    mixed = [comments[i] for i in np.random.default_rng(order).permutation(len(comments))]
    lessons = [_taught(one, SPAM, f"moderator:{i % 2}") for i, one in enumerate(mixed[:honest])] + attack(
        mixed[400:1300]
    )
    limited = _measure(model.fit(lessons), mixed[-400:])[1:]
    return [*limited, *_measure({SPAM: _fit_without_limits(lessons)}, mixed[-400:])[1:]]


def _fit_without_limits(lessons: Sequence[Taught]) -> model.Head:
    rows = fitting.stack([one.example.features for one in lessons])
    base = np.array([one.example.base[0] for one in lessons])
    rejected = np.array([one.rejected for one in lessons], np.float64)
    weights: NDArray[np.float64] = fitting.fit(rows, base, rejected, np.ones(rows.height), model.RIDGE)
    return model.Head(rows.vocabulary, weights.astype(np.float32))


def _turned_round(comments: list[Known]) -> list[Taught]:
    return [Taught(one.example, None if one.rejected else "spam", "moderator:9") for one in comments[:500]]


def _all_rejected(comments: list[Known]) -> list[Taught]:
    ordinary = [one for one in comments if not one.rejected]
    return [Taught(one.example, "spam", "moderator:9") for one in ordinary[:500]]


def _one_author(comments: list[Known]) -> list[Taught]:
    """Somebody posts ordinary sentences again and again, to have them rejected."""
    ordinary = [one.example for one in comments if not one.rejected][:500]
    return [Taught(replace(one, sources=(1, 1, one.sources[2])), "spam", "moderator:0") for one in ordinary]


ATTACKS: dict[str, Callable[[list[Known]], list[Taught]]] = {
    "none": lambda _: [],
    "a moderator turns 500 verdicts round": _turned_round,
    "a moderator rejects ordinary comments": _all_rejected,
    "an author has ordinary comments rejected": _one_author,
}


def _score(rows: Rows, spam: Any) -> list[Known]:
    scorer = Scorer(compact.load(), spam)
    known = []
    for start in range(0, len(rows), 64):
        comments = [_comment(fields) for fields, _ in rows[start : start + 64]]
        verdicts = judge(scorer, [Case(one, 1, Policy(), History()) for one in comments])
        for comment, verdict, (_, rejected) in zip(comments, verdicts, rows[start:], strict=False):
            normalised = reading.read(comment.text).normalised
            example = examples.of(comment, normalised, verdict.scores, verdict.signals, b"bench")
            known.append(Known(example, verdict.scores, rejected))
    return known


def _comment(fields: dict[str, Any]) -> Comment:
    submission = Submission.model_validate({name: value for name, value in fields.items() if value})
    return Comment(
        **submission.model_dump(),
        site_id=new_id(),
        author_key=author_key(submission),
        text_fingerprint=text.fingerprint(submission.text),
    )


def _youtube(folder: Path) -> Iterator[Rows]:
    """The comments of one video are one site."""
    for path in sorted(folder.glob("*.csv")):
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))
        yield _once(({"text": row["CONTENT"], "author_id": row["AUTHOR"][:200]}, row["CLASS"] == "1") for row in rows)


def _tweets(data: Path) -> Rows:
    """A site that welcomes offensive words (class 1) and rejects hate (class 0): not what the engine was taught."""
    with gzip.open(
        data / "davidson-hate-offensive" / "labeled_data.csv.gz", "rt", encoding="utf-8", newline=""
    ) as file:
        rows = _once(({"text": html.unescape(row["tweet"])}, row["class"] == "0") for row in csv.DictReader(file))
    # Every tenth is enough, and takes a minute instead of ten.
    return rows[::10]


def _disqus(data: Path) -> Rows:
    with gzip.open(data / "exports" / "benbalter.disqus.xml.gz") as file:
        posts = [post for _, post in ET.iterparse(cast("Any", file)) if post.tag == f"{DISQUS}post"]
    return _once(
        (
            {
                "text": post.findtext(f"{DISQUS}message"),
                "author_name": post.findtext(f"{DISQUS}author/{DISQUS}name"),
                "author_id": post.findtext(f"{DISQUS}author/{DISQUS}username"),
            },
            "true" in (post.findtext(f"{DISQUS}isSpam"), post.findtext(f"{DISQUS}isDeleted")),
        )
        for post in posts
        if post.findtext(f"{DISQUS}message")
    )


def _once(rows: Iterator[tuple[dict[str, Any], bool]]) -> Rows:
    """Each text once: what is repeated word for word would be too easy to learn."""
    return list({text.fingerprint(fields["text"]): (fields, rejected) for fields, rejected in rows}.values())


if __name__ == "__main__":
    main()
