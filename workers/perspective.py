"""`gatepost calibrate --perspective`: the threshold of ours that holds as much as an old one of Perspective's did.

Quantile matching: both see the same comments, and ours is put where it holds the same share of them.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from service.core import intervals
from service.core.intervals import Share
from service.core.labels import LABELS
from service.core.models import Comment
from service.core.perspective import ATTRIBUTES
from service.core.settings import Settings
from workers import commands, scorers, thresholds
from workers.engines.engine import EngineUnavailableError
from workers.evaluation import columns, decisions, files
from workers.evaluation.columns import Row, UnclearColumnsError
from workers.evaluation.files import UnreadableFileError
from workers.thresholds import Floats, TooFewError

# What clients of Perspective mostly use, and what it recommends: 0.7 to 0.9.
_TABLE = (0.5, 0.6, 0.7, 0.8, 0.9)
_USUAL = 0.8
_FEWEST = 100
# Of fewer comments above it, an old threshold says too little.
_FEWEST_HELD = 5
_SAMPLE = 1000
# What scripts put around an attribute's name when they write its score into a column.
_AROUND = re.compile(r"^(?:perspective|attribute_scores)_|_(?:summary_score_value|summary_score|score|value)$")


@dataclass(frozen=True)
class Match:
    """An attribute's old threshold and ours; `both`: of what the old one held, what ours holds as well."""

    attribute: str
    old: float
    held: Share
    threshold: float
    limits: tuple[float, float]
    both: Share

    @property
    def label(self) -> str:
        return ATTRIBUTES[self.attribute]

    def as_json(self) -> dict[str, Any]:
        return {
            "attribute": self.attribute,
            "old_threshold": self.old,
            "held": self.held.model_dump(),
            "label": self.label,
            "threshold": self.threshold,
            "interval": self.limits,
            "held_by_both": self.both.model_dump(),
        }


@dataclass
class Scored:
    """The comments of the file: Perspective's scores by attribute, NaN where there is none; ours, a column a label."""

    old: dict[str, Floats]
    ours: Floats
    engine: str = ""
    notes: list[str] = field(default_factory=list)


def calibrate(file: Path, at: Sequence[str], *, as_json: bool) -> None:
    """Print the thresholds: the table to standard error, the policy or everything as JSON to standard output."""
    console = commands.console(stderr=True)
    try:
        scored = score(file, console)
        wanted = _wanted(at, scored.old)
        matches = [
            match(scored, name, old)
            for name in scored.old
            for old in sorted({*_TABLE, *wanted.get(name, ())})
            if _is_enough(scored.old[name], old)
        ]
        policy = {"thresholds": _policy(matches, wanted)}
    except (UnclearColumnsError, UnreadableFileError, EngineUnavailableError, TooFewError) as error:
        commands.fail(str(error))
    _show(console, file, scored, matches)
    everything = {"engine": scored.engine, "comments": len(scored.ours), "policy": policy}
    found = {**everything, "mapping": [one.as_json() for one in matches]} if as_json else policy
    print(json.dumps(found, indent=2))  # noqa: T201 - the answer


def score(file: Path, console: Console) -> Scored:
    """Score the file's comments as a site without a history would. Raises what says what is wrong with the file."""
    odd = files.Report()
    with files.opened(file, odd, lambda _: None) as rows:
        read = list(_rows(rows))
    if not read:
        raise TooFewError(f"{file} holds no comment with a score.")
    made = [comment for comment, _ in read]
    scorer = scorers.load_scorer(Settings())
    told = track(made, description="scoring", console=console, transient=True)
    ours = decisions.decide(scorer, told).scores
    names = [name for name in ATTRIBUTES if any(name in scores for _, scores in read)]
    old = {name: np.array([scores.get(name, np.nan) for _, scores in read]) for name in names}
    notes = [*odd.notes, *([f"{odd.bad_rows} rows cannot be read."] if odd.bad_rows else [])]
    if any(np.nanmax(scores) > 1 for scores in old.values()):
        notes.append("The old scores go above 1: they are read as percents.")
        old = {name: scores / 100 for name, scores in old.items()}
    return Scored(old, ours, scorer.label, notes)


def match(scored: Scored, attribute: str, old: float) -> Match:
    """The threshold of ours that holds as many of the comments as the old one. Raises TooFewError."""
    known = ~np.isnan(scored.old[attribute])
    theirs, ours = scored.old[attribute][known], scored.ours[known, LABELS.index(ATTRIBUTES[attribute])]
    if len(theirs) < _FEWEST:
        raise TooFewError(f"{len(theirs)} comments have a score for {attribute}; {_FEWEST} are needed at least.")
    held = theirs >= old
    # Half a comment more, so that rounding takes none away; a threshold that holds all of them is none.
    as_many = min(int(held.sum()), len(ours) - 1) + 0.5
    threshold = float(thresholds.choose(ours[:, None], as_many / len(ours))[0])
    still = int((ours[held] >= threshold).sum())
    return Match(
        attribute=attribute,
        old=old,
        held=intervals.share(int(held.sum()), len(held)),
        threshold=threshold,
        limits=thresholds.limits(ours, threshold),
        both=intervals.share(still, int(held.sum())),
    )


def _rows(rows: Iterator[Row]) -> Iterator[tuple[Comment, dict[str, float]]]:
    sample = list(islice(rows, _SAMPLE))
    names = list(dict.fromkeys(name for row in sample for name in row))
    of_attribute = _columns(names)
    text = columns.text_column([name for name in names if name not in of_attribute.values()], sample)
    for row in (*sample, *rows):
        scores = {
            name: value for name, column in of_attribute.items() if (value := _number(row.get(column))) is not None
        }
        made = decisions.comment(row.get(text) or "")
        if made and scores:
            yield made, scores


def _columns(names: Sequence[str]) -> dict[str, str]:
    """The column of each attribute. Raises UnclearColumnsError when there is none."""
    found: dict[str, str] = {}
    for name in names:
        plain = _AROUND.sub("", _AROUND.sub("", columns.plain_name(name))).upper()
        if plain in ATTRIBUTES:
            found.setdefault(plain, name)
    if not found:
        raise UnclearColumnsError(
            f"No column is named after an attribute of Perspective, such as TOXICITY. There are: {', '.join(names)}."
        )
    return found


def _number(cell: str | None) -> float | None:
    try:
        number = float((cell or "").strip().removesuffix("%"))
    except ValueError:
        return None
    return number if 0 <= number <= 100 else None  # noqa: PLR2004 - a probability, or percents


def _wanted(at: Sequence[str], known: Mapping[str, Floats]) -> dict[str, list[float]]:
    """The old threshold of each attribute; `TOXICITY=0.8`, or a number for all."""
    wanted: dict[str, list[float]] = {}
    for one in at or [str(_USUAL)]:
        name, _, value = one.rpartition("=")
        number = _number(value)
        unknown = name and name.upper() not in known
        if number is None or not 0 < number <= 1 or unknown:
            raise typer.BadParameter(f"--at {one}: write ATTRIBUTE=0.8 or 0.8; the file has {', '.join(known)}.")
        for attribute in [name.upper()] if name else known:
            wanted[attribute] = [number]
    return wanted


def _is_enough(theirs: Floats, old: float) -> bool:
    return int((theirs >= old).sum()) >= _FEWEST_HELD


def _policy(matches: Sequence[Match], wanted: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Of two attributes with one label, the first counts."""
    found: dict[str, float] = {}
    for one in matches:
        if one.old in wanted.get(one.attribute, ()):
            found.setdefault(one.label, one.threshold)
    return found


def _show(console: Console, file: Path, scored: Scored, matches: Sequence[Match]) -> None:
    console.print(f"{file.name}: {len(scored.ours):,} comments, scored by {scored.engine}.", markup=False)
    for note in scored.notes:
        console.print(note, markup=False)
    table = Table("attribute", "old", "held by it", "label", "ours", "95%", "of these, held by both")
    for one in matches:
        limits = f"{one.limits[0]:.2f} to {one.limits[1]:.2f}"
        table.add_row(
            one.attribute, f"{one.old:.2f}", str(one.held), one.label, f"{one.threshold:.4f}", limits, str(one.both)
        )
    console.print(table)
    console.print(
        "“Ours” holds the same share of these comments as the old threshold; not the same comments: the last column"
        f" tells how many. Old thresholds that held fewer than {_FEWEST_HELD} are left out. Intervals are Wilson's, at"
        " 95%. What is right for your site, its moderators know: `gatepost calibrate SITE` learns it from them.",
        style="dim",
    )
