"""The comparison: the same rows and rules for each system, one line a set, one page."""

import csv
import gzip
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from service.core.labels import LABELS, SPAM
from workers.evaluation import comparison, page, sets
from workers.evaluation.comparison import Cost, Line
from workers.evaluation.sets import LabelledSet
from workers.evaluation.systems import Answer, Peer
from workers.training import fairness

TRUTH = np.array([True, True, False, False])


class Chosen:
    """A system whose toxicity score is the text itself, and that knows no other label."""

    name = "chosen 1"
    bytes = 2_500_000

    def answer(self, texts: Sequence[str]) -> Answer:
        scores = np.full((len(texts), len(LABELS)), np.nan)
        scores[:, 0] = [float(text) for text in texts]
        return Answer(scores, scores[:, 0] >= 0.5)

    def core_seconds(self, texts: Sequence[str]) -> float:
        return len(texts) / 1000


class Suspicious(Chosen):
    """Holds whatever has a name in it."""

    def answer(self, texts: Sequence[str]) -> Answer:
        return super().answer(["0.9" if "Japanese" in text else "0.1" for text in texts])


def _line(labelled: LabelledSet) -> Line:
    return comparison.measure(Chosen(), labelled, Chosen().answer(labelled.texts))


def test_a_line_says_how_well_a_system_ranks_and_decides() -> None:
    line = _line(LabelledSet("some", "", ["0.9", "0.3", "0.6", "0.1"], {"toxicity": TRUTH}))

    assert (line.rows, line.bad, line.roc_auc) == (4, 2, {"toxicity": 0.75})
    assert (line.recall_at_one_percent, line.bad_held, line.clean_held) == (0.5, 0.5, 0.5)


def test_weights_count_in_a_line() -> None:
    weights = np.array([1.0, 1.0, 1.0, 3.0])

    line = _line(LabelledSet("some", "", ["0.9", "0.3", "0.6", "0.1"], {"toxicity": TRUTH}, weights))

    assert line.clean_held == 0.25
    assert line.roc_auc["toxicity"] == 0.875


def test_a_system_is_not_asked_for_labels_that_it_does_not_have() -> None:
    line = _line(LabelledSet("spam", "", ["0.9", "0.3", "0.6", "0.1"], {SPAM: TRUTH}, main=SPAM))

    assert (line.roc_auc, line.recall_at_one_percent, line.bad_held, line.clean_held) == ({}, None, None, 0.5)


def test_the_worst_name_is_the_one_held_for_nothing_most_often() -> None:
    cases = [case.text for case in fairness.cases()]

    line = comparison.name_groups(Suspicious(), cases, Suspicious().answer(cases))

    assert line.worst_name is not None
    assert line.worst_name[0] == "Japanese"
    assert line.worst_name[1] > 0.5


def test_costs_are_the_median_of_rounds_in_which_all_are_timed() -> None:
    costs = comparison.time([Chosen()], ["0.5"] * 1000, lambda: None)

    assert [(cost.system, round(cost.scored), cost.decided, cost.bytes) for cost in costs] == [
        ("chosen 1", 1000, None, 2_500_000)
    ]


def test_the_page_keeps_what_people_wrote_around_the_table(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- measured -->\nold\n<!-- end of what was measured -->\nafter\n")
    lines = [Line("some", "chosen 1", 4, 2, {"toxicity": 0.75}, bad_held=0.5, worst_name=("Thai", 0.25))]

    page.write(path, page.markdown(lines, [Cost("chosen 1", 1000, None, 2_500_000)]))

    written = path.read_text()
    assert written.startswith("before\n<!-- measured -->\n| set |")
    assert written.endswith("|\n<!-- end of what was measured -->\nafter\n")
    assert "| some | 4 | 2 | chosen 1 | .7500 |" in written
    assert "| Thai 25.0% | 1,000 | 2.5 |" in written
    assert "Detoxify original (published)" in written


def test_every_row_of_the_table_has_every_column() -> None:
    line = Line("some", "chosen 1", 4, 2, {"toxicity": 0.75})

    rows = page.markdown([line], []).splitlines()

    assert {row.count("|") for row in rows} == {rows[0].count("|")}


def test_the_news_are_held_against_themselves_without_their_marked_words(tmp_path: Path) -> None:
    folder = tmp_path / "toxic-spans"
    folder.mkdir()
    _write(folder / "tsd_train.csv.gz", [{"spans": "[0, 1, 2, 3, 4]", "text": "Idiot of the first hour"}])
    _write(
        folder / "tsd_trial.csv.gz", [{"spans": "[4, 5, 6, 7]", "text": "The fool."}, {"spans": "[]", "text": "Hm."}]
    )

    news = sets.news(tmp_path)

    pairs = dict(zip(news.texts, news.truth["toxicity"].tolist(), strict=True))
    assert pairs.items() >= {("The fool.", True), ("The .", False)}
    assert "Hm." not in pairs


def test_tweets_are_read_as_people_saw_them(tmp_path: Path) -> None:
    folder = tmp_path / "davidson-hate-offensive"
    folder.mkdir()
    _write(folder / "labeled_data.csv.gz", [{"class": str(n % 3), "tweet": f"this &amp; that {n}"} for n in range(60)])

    tweets = sets.tweets(tmp_path)

    assert 0 < len(tweets.texts) < 60
    for text, toxic, hateful in zip(
        tweets.texts, tweets.truth["toxicity"], tweets.truth["identity_attack"], strict=True
    ):
        kind = int(text.removeprefix("this & that ")) % 3
        assert (bool(toxic), bool(hateful)) == (kind != 2, kind == 0)


def test_a_peer_answers_by_lines_of_json(tmp_path: Path) -> None:
    wrapper = tmp_path / "wrapper.py"
    wrapper.write_text(
        "import json, sys\n"
        "print(json.dumps({'version': '3', 'bytes': 7}), flush=True)\n"
        "for line in sys.stdin:\n"
        "    scores = [{'toxicity': len(text) / 10} for text in json.loads(line)]\n"
        "    print(json.dumps({'core_seconds': 0.5, 'scores': scores}), flush=True)\n"
    )

    with Peer.start("peer", [sys.executable, str(wrapper)]) as peer:
        answer = peer.answer(["four", "sevenal", "\ud800"])

        assert (peer.name, peer.bytes, peer.core_seconds(["x"])) == ("peer 3", 7, 0.5)

    assert answer.scores[:, 0].tolist() == [0.4, 0.7, 0.1]
    assert np.isnan(answer.scores[:, 1:]).all()
    assert answer.held.tolist() == [False, True, False]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
