"""`gatepost evaluate`: any labelled file in, honest figures and plots out."""

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from workers.cli import app

RUDE = ("You are a stupid fucking idiot.", "Shut up, you pathetic moron, nobody likes you.", "What an asshole you are.")
KIND = ("Thank you, that explains the treaty well.", "I disagree, but the argument is fair.", "See you on Sunday.")
SVG = "{http://www.w3.org/2000/svg}"


def _write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _comments(path: Path) -> Path:
    rude = [{"comment": text, "toxic": "1", "insult": "yes", "group": "a"} for text in RUDE]
    kind = [{"comment": text, "toxic": "0", "insult": "no", "group": "b"} for text in KIND]
    return _write(path / "comments.csv", [*rude, *kind])


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *(str(argument) for argument in arguments)])


def _figures(*arguments: object) -> dict[str, Any]:
    result = _run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    figures: dict[str, Any] = json.loads(result.stdout)
    return figures


def test_plain_rudeness_is_told_from_kindness(tmp_path: Path) -> None:
    figures = _figures(_comments(tmp_path))

    assert [(each["label"], each["roc_auc"]) for each in figures["labels"]] == [
        *(("any toxicity", 1.0), ("toxicity", 1.0), ("insult", 1.0))
    ]
    assert figures["decisions"]["bad_held"]["share"] == 1
    assert figures["decisions"]["clean_held"]["share"] == 0


def test_the_tables_say_what_was_measured(tmp_path: Path) -> None:
    result = _run(_comments(tmp_path))

    assert result.exit_code == 0
    assert "ROC-AUC" in result.stdout
    assert "recall at 1%" in result.stdout
    assert "labels: toxicity from “toxic”, insult from “insult”" in result.stderr


def test_false_holds_are_told_by_group(tmp_path: Path) -> None:
    figures = _figures(_comments(tmp_path), "--group", "group")

    assert {group["name"]: group["clean_held"]["rows"] for group in figures["groups"]} == {"a": 0, "b": 3}


def test_weights_count(tmp_path: Path) -> None:
    rows = [{"text": text, "toxic": toxic, "w": w} for text, toxic, w in ((RUDE[0], "0", "9"), (KIND[0], "0", "1"))]
    path = _write(tmp_path / "weighted.csv", [*rows, {"text": RUDE[1], "toxic": "1", "w": "1"}])

    figures = _figures(path, "--weight", "w")

    assert figures["decisions"]["clean_held"]["share"] == 0.9


def test_figures_and_plots_are_written(tmp_path: Path) -> None:
    result = _run(_comments(tmp_path), "--out", tmp_path / "report")

    assert result.exit_code == 0
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert written >= {"metrics.json", "roc.svg", "precision-recall.svg", "calibration.svg", "scores-toxicity.svg"}
    for path in (tmp_path / "report").glob("*.svg"):
        assert ET.parse(path).getroot().tag == f"{SVG}svg"


def test_what_else_is_known_of_a_comment_counts(tmp_path: Path) -> None:
    plain = {"text": "Nice post!", "is_spam": "1", "author_name": "Ann", "author_email": ""}
    rows = [{**plain, "author_name": "www.cheap-pills.com", "author_email": "x@mailinator.com"}, plain]

    figures = _figures(_write(tmp_path / "spam.csv", rows))

    assert figures["decisions"]["bad_held"]["share"] == 0.5


def test_fields_that_are_not_valid_are_left_out(tmp_path: Path) -> None:
    row = {"text": "See you on Sunday.", "toxic": "0", "author_ip": "somewhere", "fill_seconds": "soon"}

    assert _figures(_write(tmp_path / "odd.csv", [row]))["rows"] == 1


def test_rows_without_text_or_label_are_counted(tmp_path: Path) -> None:
    rows = [{"text": KIND[0], "toxic": "0"}, {"text": "  ", "toxic": "1"}, {"text": KIND[1], "toxic": ""}]

    figures = _figures(_write(tmp_path / "gaps.csv", rows))

    assert figures["passed_over"] == {"bad": 0, "empty": 1, "unlabelled": 1}


def test_a_label_that_is_alike_in_all_rows_has_no_auc_and_is_still_listed(tmp_path: Path) -> None:
    figures = _figures(_write(tmp_path / "clean.csv", [{"text": text, "toxic": "0"} for text in KIND]))

    assert figures["labels"][1] == {"label": "toxicity", "rows": 3, "positives": 0}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--engine", "oracle"], "engine"),
        (["--label", "rudeness=toxic"], "LABEL=COLUMN"),
        (["--group", "planet"], "planet"),
        (["--text", "words"], "There is no column “words”. There are: comment, toxic, insult, group."),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(arguments: list[str], told: str, tmp_path: Path) -> None:
    result = _run(_comments(tmp_path), *arguments)

    assert result.exit_code == 1
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_help_teaches_with_examples() -> None:
    result = _run("--help")

    assert "gatepost evaluate comments.csv" in result.stdout
