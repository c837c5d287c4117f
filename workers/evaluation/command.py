"""`gatepost evaluate`: labelled comments in, figures and plots out."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from service.core.models import Comment
from service.core.settings import Settings
from workers import scorers
from workers.engines.engine import EngineUnavailableError
from workers.evaluation import columns, decisions, figures, files, report
from workers.evaluation.columns import Columns, Row, UnclearColumnsError
from workers.evaluation.decisions import Decided
from workers.evaluation.figures import Labelled
from workers.evaluation.files import UnreadableFileError
from workers.judgement import Scorer

_SAMPLE = 1000
# A table is as wide as this where no terminal says otherwise.
_WIDTH = 130

_HELP = """Measure the engine and the default policy on labelled comments.

FILE is CSV, TSV or JSON lines (.csv, .tsv, .jsonl, also .gz) with a column of text and columns of labels: \
0/1, yes/no, toxic/clean, spam/ham, or probabilities (from 0.5 on: yes). The columns are found by their usual \
names, and what is taken for what is said first. Author, address and the like are used by the signals.

Examples:

  gatepost evaluate comments.csv

  gatepost evaluate jigsaw.csv.gz --out report

  gatepost evaluate tweets.csv --text tweet --label "toxicity=class:0|1"

  gatepost evaluate sms.tsv --label spam=class --json > sms.json

  gatepost evaluate cases.csv --group target_ident

  gatepost evaluate sample.csv --weight weight
"""


@dataclass
class _Wanted:
    columns: Columns
    weight: str | None
    group: str | None


@dataclass
class _Collected:
    """What the rows say, gathered while they are decided."""

    truth: list[list[bool | None]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    unlabelled: int = 0
    empty: int = 0

    def labelled(self, names: list[str]) -> Labelled:
        said = np.array([[-1 if one is None else int(one) for one in row] for row in self.truth], np.int8)
        said = said.reshape(-1, len(names))
        truth = {name: said[:, number] == 1 for number, name in enumerate(names)}
        known = {name: said[:, number] >= 0 for number, name in enumerate(names)}
        return Labelled(truth, known, np.array(self.weights), self.groups)


def evaluate(  # noqa: PLR0913 - a command names its options
    file: Annotated[Path, typer.Argument(help="Labelled comments: .csv, .tsv or .jsonl, also .gz.")],
    text: Annotated[str | None, typer.Option(help="The column of the text.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="LABEL=COLUMN, or LABEL=COLUMN:VALUE|VALUE for the values that mean yes; may be repeated."),
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Another engine than GATEPOST_ENGINE.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for metrics.json and the plots (SVG).")] = None,
    weight: Annotated[str | None, typer.Option(help="A column: how many comments a row stands for.")] = None,
    group: Annotated[str | None, typer.Option(help="A column to tell false holds by, such as a named group.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    news = Console(stderr=True)
    with _told(news):
        wanted = _wanted(file, text, label or [], (weight, group))
        scorer = scorers.load_scorer(_settings(engine))
        _say(news, file, wanted, scorer)
        odd, collected = files.Report(), _Collected()
        decided = _decide(file, wanted, scorer, collected, odd)
        _say_odd(news, odd, collected)
    if not collected.truth:
        news.print("No row has a text and a label.", style="red")
        raise typer.Exit(1)
    labelled = collected.labelled(list(wanted.columns.labels))
    measured = figures.measure(labelled, decided)
    document = report.as_json(measured, _about(file, wanted, scorer, collected, odd))
    if as_json:
        sys.stdout.write(document)
    else:
        report.show(measured, Console(width=None if sys.stdout.isatty() else _WIDTH))
    if out:
        for path in report.write(out, document, labelled, decided):
            news.print(f"Written: {path}", markup=False, highlight=False, soft_wrap=True)


evaluate.__doc__ = _HELP


@contextmanager
def _told(news: Console) -> Iterator[None]:
    """What its user can mend is told in a few lines, not a traceback."""
    try:
        yield
    except (UnclearColumnsError, UnreadableFileError, EngineUnavailableError) as error:
        news.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


def _settings(engine: str | None) -> Settings:
    try:
        return Settings(engine=engine) if engine else Settings()
    except ValidationError as error:
        raise EngineUnavailableError(
            "\n".join(f"{item['loc'][0]}: {item['msg']}" for item in error.errors())
        ) from error


def _wanted(file: Path, text: str | None, labels: list[str], named: tuple[str | None, str | None]) -> _Wanted:
    files.size(file)
    with files.opened(file, files.Report(), lambda _: None) as rows:
        sample = list(islice(rows, _SAMPLE))
    found = columns.find(sample, "/".join(file.resolve().parts[-2:]), text, labels)
    names = list(dict.fromkeys(name for row in sample for name in row))
    weight, group = (None if one is None else columns.named(one, names) for one in named)
    return _Wanted(found, weight, group)


def _decide(file: Path, wanted: _Wanted, scorer: Scorer, collected: _Collected, odd: files.Report) -> Decided:
    size = files.size(file)
    with _progress() as progress:
        bar = progress.add_task("deciding", total=size)
        with files.opened(file, odd, lambda read: progress.update(bar, completed=read)) as rows:
            decided = decisions.decide(scorer, _comments(rows, wanted, collected, odd))
        progress.update(bar, completed=size)
    return decided


def _about(file: Path, wanted: _Wanted, scorer: Scorer, collected: _Collected, odd: files.Report) -> dict[str, object]:
    return {
        "file": file.name,
        "engine": scorer.label,
        "text": wanted.columns.text,
        "labels": {name: column.column for name, column in wanted.columns.labels.items()},
        "rows": len(collected.truth),
        "passed_over": {"bad": odd.bad_rows, "empty": collected.empty, "unlabelled": collected.unlabelled},
        "notes": [*wanted.columns.notes, *odd.notes],
    }


def _comments(rows: Iterator[Row], wanted: _Wanted, collected: _Collected, odd: files.Report) -> Iterator[Comment]:
    for row in rows:
        truth = [label.truth(row.get(label.column) or "") for label in wanted.columns.labels.values()]
        weight = _weight(row, wanted.weight)
        made = _comment(row, wanted.columns)
        if made is None:
            collected.empty += 1
        elif weight is None:
            odd.bad_rows += 1
        elif all(one is None for one in truth):
            collected.unlabelled += 1
        else:
            collected.truth.append(truth)
            collected.weights.append(weight)
            if wanted.group is not None:
                collected.groups.append((row.get(wanted.group) or "").strip())
            yield made


def _comment(row: Row, found: Columns) -> Comment | None:
    fields = {name: row.get(column) or "" for name, column in found.fields.items()}
    return decisions.comment(row.get(found.text) or "", fields)


def _weight(row: Row, column: str | None) -> float | None:
    if column is None:
        return 1.0
    try:
        weight = float(row[column])
    except (KeyError, ValueError):
        return None
    return weight if 0 < weight < float("inf") else None


def _progress() -> Progress:
    bar = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeRemainingColumn())
    return Progress(*bar, console=Console(stderr=True), transient=True)


def _say(news: Console, file: Path, wanted: _Wanted, scorer: Scorer) -> None:
    found = wanted.columns
    lines = [
        f"{file.name}, scored by {scorer.label}",
        f"text: “{found.text}”",
        f"labels: {', '.join(f'{name} from “{label.column}”' for name, label in found.labels.items())}",
    ]
    if found.fields:
        lines.append(f"also used: {', '.join(f'{name} from “{column}”' for name, column in found.fields.items())}")
    for line in (*lines, *found.notes):
        news.print(line, markup=False, highlight=False, soft_wrap=True)


def _say_odd(news: Console, odd: files.Report, collected: _Collected) -> None:
    for note in odd.notes:
        news.print(note, markup=False, highlight=False, soft_wrap=True)
    passed_over = {
        "cannot be read": odd.bad_rows,
        "have no text": collected.empty,
        "have no label": collected.unlabelled,
    }
    told = ", ".join(f"{rows:,} {why}" for why, rows in passed_over.items() if rows)
    if told:
        news.print(f"Rows passed over: {told}.", markup=False, highlight=False, soft_wrap=True)
