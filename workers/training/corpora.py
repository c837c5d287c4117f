"""The labelled data that the bundled models learn from, read from its folder into one shape."""

import csv
import gzip
import hashlib
import html
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.core import text
from service.core.labels import TOXICITY_LABELS
from workers.training import functional as sentences

# Wikipedia's label for each of ours, in our order.
JIGSAW_COLUMNS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")


@dataclass(frozen=True)
class Corpus:
    """Texts in normal form; a row and a column of `truth` per text and label."""

    texts: list[str]
    truth: NDArray[np.int8]
    # One in ten, by a hash: never learnt from.
    held_out: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: NDArray[np.bool_]) -> "Corpus":
        texts = [one for one, taken in zip(self.texts, rows, strict=True) if taken]
        return Corpus(texts, self.truth[rows], self.held_out[rows])


def jigsaw(folder: Path) -> Corpus:
    """Wikipedia talk comments. Only raw rows are held out, and no other row with the text of one is kept."""
    rows = list(_csv(folder / "jigsaw-toxic" / "train.csv.gz"))
    truth = np.array([[int(row[column]) for column in JIGSAW_COLUMNS] for row in rows], np.int8)
    held_out = np.array([row["text_form"] == "raw" and in_tenth(row["id"]) for row in rows])
    return _without_leaks(Corpus([text.normalise(row["comment_text"]) for row in rows], truth, held_out))


def identity_terms(folder: Path) -> Corpus:
    """Sentences of Wikipedia articles full of words for groups of people; none is toxic."""
    rows = list(_csv(folder / "identity-terms" / "toxicity_debiasing_data.tsv.gz", delimiter="\t"))
    # All sentences of an article go to the same side.
    articles = [row["rev_id"].rsplit("_", 1)[0] for row in rows]
    return _harmless((row["comment"] for row in rows), np.array([in_tenth(article) for article in articles]))


def toxic_spans(folder: Path) -> tuple[Corpus, Corpus]:
    """News comments judged toxic, and the same comments without their toxic words, which are harmless."""
    rows = list(_csv(folder / "toxic-spans" / "tsd_train.csv.gz"))
    whole = [(row["text"], positions_of(row["spans"])) for row in rows]
    marked = [(comment, positions) for comment, positions in whole if positions]
    held_out = np.array([in_tenth(comment) for comment, _ in marked])
    toxic = np.zeros((len(marked), len(TOXICITY_LABELS)), np.int8)
    toxic[:, TOXICITY_LABELS.index("toxicity")] = 1
    rest = ("".join(c for i, c in enumerate(comment) if i not in positions) for comment, positions in marked)
    return Corpus([text.normalise(comment) for comment, _ in marked], toxic, held_out), _harmless(rest, held_out)


def tweets(folder: Path) -> Corpus:
    """Tweets that hold a word of a list: hateful (0), offensive (1) or neither (2) by the vote of three."""
    rows = list(_csv(folder / "davidson-hate-offensive" / "labeled_data.csv.gz"))
    truth = np.zeros((len(rows), len(TOXICITY_LABELS)), np.int8)
    truth[:, TOXICITY_LABELS.index("toxicity")] = [row["class"] != "2" for row in rows]
    truth[:, TOXICITY_LABELS.index("obscene")] = [row["class"] == "1" for row in rows]
    truth[:, TOXICITY_LABELS.index("identity_attack")] = [row["class"] == "0" for row in rows]
    held_out = np.array([in_tenth(row["tweet"]) for row in rows])
    return Corpus([text.normalise(html.unescape(row["tweet"])) for row in rows], truth, held_out)


def functional() -> Corpus:
    """Our own sentences: hate without swear words, and harmless use of the same names."""
    cases = sentences.learnt()
    truth = np.array([[label in case.labels for label in TOXICITY_LABELS] for case in cases], np.int8)
    return Corpus([text.normalise(case.text) for case in cases], truth, np.zeros(len(cases), np.bool_))


def spam(folder: Path) -> Corpus:
    """YouTube comments and SMS, each text once; texts with the same letters go to the same side."""
    rows = [*_youtube(folder / "youtube-spam-collection"), *_sms(folder / "sms-spam-collection")]
    labels = {text.normalise(comment): is_spam for comment, is_spam in rows}
    texts = sorted(labels)
    truth = np.array([[labels[comment]] for comment in texts], np.int8)
    return Corpus(texts, truth, np.array([in_tenth("".join(filter(str.isalpha, comment))) for comment in texts]))


def harmless(texts: Iterable[str]) -> Corpus:
    sentences = list(texts)
    return _harmless(sentences, np.zeros(len(sentences), np.bool_))


def _harmless(texts: Iterable[str], held_out: NDArray[np.bool_]) -> Corpus:
    normalised = [text.normalise(one) for one in texts]
    return Corpus(normalised, np.zeros((len(normalised), len(TOXICITY_LABELS)), np.int8), held_out)


def _without_leaks(corpus: Corpus) -> Corpus:
    fingerprints = np.array([text.fingerprint(one) for one in corpus.texts])
    return corpus.take(corpus.held_out | ~np.isin(fingerprints, fingerprints[corpus.held_out]))


def in_tenth(key: str) -> bool:
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10 == 0


def positions_of(spans: str) -> set[int]:
    return {int(position) for position in spans.strip("[]").split(",") if position.strip()}


def _youtube(folder: Path) -> Iterator[tuple[str, bool]]:
    for path in sorted(folder.glob("*.csv")):
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")):
            yield row["CONTENT"], row["CLASS"] == "1"


def _sms(folder: Path) -> Iterator[tuple[str, bool]]:
    for line in (folder / "SMSSpamCollection.tsv").read_text(encoding="utf-8").splitlines():
        label, message = line.split("\t", 1)
        yield message, label == "spam"


def _csv(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file, delimiter=delimiter)
