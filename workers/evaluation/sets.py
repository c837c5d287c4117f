"""The labelled sets of the comparison, as written: what each row is, and that no bundled model has learnt from it."""

import csv
import gzip
import html
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

import numpy as np

from service.core import text
from service.core.labels import SPAM, TOXICITY_LABELS
from workers.evaluation.metrics import Floats, Truth
from workers.training import corpora, fairness, toxicity
from workers.training.corpora import Corpus

NATURAL, FUNCTIONAL = "Wikipedia, natural", "Functional cases"
_DISQUS = "{http://disqus.com}"
HATECHECK = {"German": "german", "French": "french", "Spanish": "spanish"}


@dataclass(frozen=True)
class LabelledSet:
    """A column of truth for each label that the set says anything of."""

    name: str
    about: str
    texts: Sequence[str]
    truth: dict[str, Truth]
    weights: Floats | None = None
    # The label that "recall at 1% false holds" is measured on.
    main: str = "toxicity"


def read(folder: Path) -> Iterator[LabelledSet]:
    yield from wikipedia(folder)
    yield news(folder)
    yield tweets(folder)
    for language in HATECHECK:
        yield hatecheck(folder, language)
    yield functional()
    yield blog(folder)
    yield messages(folder)


def wikipedia(folder: Path) -> list[LabelledSet]:
    rows = [
        row
        for row in _rows(folder / "jigsaw-toxic" / "train.csv.gz")
        if row["text_form"] == "raw" and corpora.in_tenth(row["id"])
    ]
    matrix = np.array([[row[column] == "1" for column in corpora.JIGSAW_COLUMNS] for row in rows], np.bool_)
    texts = [row["comment_text"] for row in rows]
    truth = {label: matrix[:, column] for column, label in enumerate(TOXICITY_LABELS)}
    weights = toxicity.natural_weights(Corpus(texts, matrix.astype(np.int8), np.ones(len(rows), np.bool_)))[:, 0]
    about = "talk comments, the held-out tenth"
    return [
        LabelledSet("Wikipedia", f"{about}, as many toxic ones as the data has (19%)", texts, truth),
        LabelledSet(NATURAL, f"{about}, weighed to 9.6% toxic", texts, truth, weights.astype(np.float64)),
    ]


def news(folder: Path) -> LabelledSet:
    train = [row for row in _rows(folder / "toxic-spans" / "tsd_train.csv.gz") if corpora.in_tenth(row["text"])]
    learnt = {text.fingerprint(row["text"]) for row in _rows(folder / "toxic-spans" / "tsd_train.csv.gz")}
    trial = _rows(folder / "toxic-spans" / "tsd_trial.csv.gz")
    rows = [*train, *(row for row in trial if text.fingerprint(row["text"]) not in learnt)]
    marked = [(row["text"], corpora.positions_of(row["spans"])) for row in rows]
    marked = [(written, positions) for written, positions in marked if positions]
    rest = ["".join(c for at, c in enumerate(written) if at not in positions) for written, positions in marked]
    rest = [one for one in rest if one.strip()]
    about = (
        "news comments judged toxic (a held-out tenth and the trial set), against the same without their marked words"
    )
    return _one_label("News", about, [written for written, _ in marked], rest)


def tweets(folder: Path) -> LabelledSet:
    everything = _rows(folder / "davidson-hate-offensive" / "labeled_data.csv.gz")
    rows = [row for row in everything if corpora.in_tenth(row["tweet"])]
    kind = np.array([row["class"] for row in rows])
    truth = {"toxicity": kind != "2", "identity_attack": kind == "0"}
    about = "tweets found by words of a list, a held-out tenth; offensive or hateful against neither"
    return LabelledSet("Tweets", about, [html.unescape(row["tweet"]) for row in rows], truth)


def hatecheck(folder: Path, language: str) -> LabelledSet:
    rows = list(_rows(folder / "multilingual-hatecheck" / f"{HATECHECK[language]}.csv.gz"))
    hateful = np.array([row["label_gold"] == "hateful" for row in rows])
    truth = {"toxicity": hateful, "identity_attack": hateful}
    about = f"Multilingual HateCheck in {language}: functional cases, hateful against not"
    return LabelledSet(f"HateCheck {language}", about, [row["test_case"] for row in rows], truth)


def functional() -> LabelledSet:
    """All cases of the fairness measure, so that each text is scored once for both."""
    cases = fairness.cases()
    truth = {label: np.array([label in case.labels for case in cases]) for label in TOXICITY_LABELS}
    about = "our own sentences, never learnt: hate without swear words, and harmless use of the same names"
    some = {label: column for label, column in truth.items() if column.any()}
    some["toxicity"] = np.array([bool(case.labels) for case in cases])
    return LabelledSet(FUNCTIONAL, about, [case.text for case in cases], some)


def blog(folder: Path) -> LabelledSet:
    published, spam = [], []
    with gzip.open(folder / "exports" / "benbalter.disqus.xml.gz") as file:
        for _, element in ET.iterparse(cast("io.BufferedReader", file)):  # noqa: S314 - a file of our own
            if element.tag == f"{_DISQUS}post" and (written := element.findtext(f"{_DISQUS}message")):
                if element.findtext(f"{_DISQUS}isSpam") == "true":
                    spam.append(written)
                elif element.findtext(f"{_DISQUS}isDeleted") != "true":
                    published.append(written)
    about = "a technical blog's published comments against its 33 that were marked as spam; text alone, no author"
    return _one_label("Blog", about, spam, published, SPAM)


def messages(folder: Path) -> LabelledSet:
    corpus = corpora.spam(folder)
    held = corpus.take(corpus.held_out)
    spam = held.truth[:, 0] == 1
    about = "YouTube comments and SMS, a held-out tenth, normalised; spam against the rest"
    return LabelledSet("YouTube and SMS", about, held.texts, {SPAM: spam}, main=SPAM)


def _one_label(name: str, about: str, bad: Sequence[str], clean: Sequence[str], label: str = "toxicity") -> LabelledSet:
    truth = np.arange(len(bad) + len(clean)) < len(bad)
    return LabelledSet(name, about, [*bad, *clean], {label: truth}, main=label)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
