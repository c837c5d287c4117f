"""`gatepost calibrate --perspective`: the table, the policy, and what it says of files that are of no use."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from service.core.labels import LABELS
from service.core.policy import Policy
from workers import cli, perspective
from workers.perspective import Scored

Run = Callable[..., Result]
Row = dict[str, object]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEPOST_ENGINE", "compact")
    return lambda *arguments: CliRunner().invoke(cli.app, ["calibrate", *arguments])


def write(path: Path, rows: Sequence[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    """160 kind comments that Perspective had scored low, and 40 insults that it had scored high."""
    kind = [
        {"comment": f"Thank you for answer {n}, it explains the treaty well.", "TOXICITY": n / 400} for n in range(160)
    ]
    rude = [{"comment": f"You are a stupid idiot, number {n}.", "TOXICITY": 0.81 + n / 400} for n in range(40)]
    return write(tmp_path / "scored.csv", [*kind, *rude])


def test_ours_holds_the_same_share_as_the_old_threshold(run: Run, scored: Path) -> None:
    done = run("--perspective", str(scored), "--at", "TOXICITY=0.8", "--json")

    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["comments"] == 200
    (at_80,) = [one for one in found["mapping"] if one["old_threshold"] == 0.8]
    assert (at_80["attribute"], at_80["label"]) == ("TOXICITY", "toxicity")
    assert (at_80["held"]["count"], at_80["held"]["of"]) == (40, 200)
    assert at_80["held_by_both"]["count"] == 40
    assert at_80["interval"][0] <= at_80["threshold"] <= at_80["interval"][1]
    assert found["policy"] == {"thresholds": {"toxicity": at_80["threshold"]}}


def test_the_policy_is_ready_to_be_put(run: Run, scored: Path) -> None:
    done = run("--perspective", str(scored))

    policy = Policy.model_validate_json(done.stdout)
    assert policy.thresholds.keys() == {"toxicity"}
    told = " ".join(done.stderr.split())
    assert "200 comments, scored by compact" in told
    assert "20.0% (15.0% to 26.1%; 40 of 200)" in told


def test_the_threshold_is_the_quantile_of_our_scores() -> None:
    ours = np.zeros((1000, len(LABELS)))
    ours[:, LABELS.index("obscene")] = np.arange(1000) / 1000
    known = Scored({"PROFANITY": np.arange(1000) ** 2 / 1e6}, ours)

    found = perspective.match(known, "PROFANITY", 0.81)

    # The old threshold held the highest hundred.
    assert (found.held.count, found.label) == (100, "obscene")
    assert found.threshold == pytest.approx(0.9, abs=0.001)
    assert found.both.share == 1
    assert found.limits[0] < 0.89
    assert found.limits[1] > 0.91


def test_comments_without_an_old_score_are_left_out_of_its_attribute() -> None:
    ours = np.full((300, len(LABELS)), 0.2)
    old = np.where(np.arange(300) < 150, 0.9, np.nan)

    assert perspective.match(Scored({"THREAT": old}, ours), "THREAT", 0.5).held.of == 150


@pytest.mark.parametrize(
    "column", ["toxicity", "perspective_toxicity", "TOXICITY.summaryScore.value", "Toxicity score"]
)
def test_a_column_is_found_by_the_attribute_in_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: str
) -> None:
    monkeypatch.setenv("GATEPOST_ENGINE", "compact")
    path = write(tmp_path / "old.csv", [{"text": "Thank you.", column: 0.5}])

    found = perspective.score(path, Console())

    assert {name: list(scores) for name, scores in found.old.items()} == {"TOXICITY": [0.5]}


def test_percents_are_read_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_ENGINE", "compact")
    path = write(tmp_path / "old.csv", [{"text": "Thank you.", "TOXICITY": "12%"}, {"text": "You.", "TOXICITY": 80}])

    found = perspective.score(path, Console())

    assert list(found.old["TOXICITY"]) == [0.12, 0.8]
    assert found.notes == ["The old scores go above 1: they are read as percents."]


@pytest.mark.parametrize(
    ("rows", "arguments", "told"),
    [
        ([{"text": "Thank you.", "score": 1}], (), "No column is named after an attribute of Perspective"),
        ([{"text": "Thank you.", "TOXICITY": 0.9}] * 99, (), "99 comments have a score for TOXICITY; 100 are needed"),
        ([{"text": "Thank you.", "TOXICITY": "high"}], (), "holds no comment with a score"),
        ([{"text": "Thank you.", "TOXICITY": 0.9}], ("--at", "INSULT=0.8"), "the file has TOXICITY"),
        ([{"text": "Thank you.", "TOXICITY": 0.9}], ("--at", "80"), "write ATTRIBUTE=0.8 or 0.8"),
    ],
)
def test_what_it_cannot_do_is_told_in_a_line(
    run: Run, tmp_path: Path, rows: Sequence[Row], arguments: tuple[str, ...], told: str
) -> None:
    refused = run("--perspective", str(write(tmp_path / "old.csv", rows)), *arguments)

    assert refused.exit_code in {1, 2}
    assert told in " ".join(refused.stderr.replace("│", " ").split())
    assert refused.stdout == ""


def test_a_site_or_a_file_is_needed(run: Run) -> None:
    assert "Which site?" in run().stderr
    assert "cannot be read" in run("--perspective", "missing.csv").stderr
