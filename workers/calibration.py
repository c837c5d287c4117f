"""`gatepost calibrate`: thresholds from what a site's moderators decided, for a chosen share of false holds."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, get_args

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from service.core import intervals, sites
from service.core.comments import POLICY
from service.core.db import Database
from service.core.intervals import Share
from service.core.labels import LABELS, SPAM
from service.core.models import Category, Comment, Site, Status
from service.core.policy import LABEL_WORDS, Label, Policy, UnreadablePolicy, Verdict
from workers import commands, past, perspective, thresholds
from workers.thresholds import Floats

HELP = """Suggest a site's thresholds from what its moderators decided.

Looks at the comments that a human approved, that a human rejected as toxic or as spam, and those that the policy \
published and nobody objected to. Finds, for each label, the threshold at which the wanted share of harmless comments \
is held: all labels together. Tables go to standard error, the policy with the new thresholds to standard output, \
ready for `gatepost backtest` and `PUT /v1/site/policy`.

Examples:

  gatepost calibrate "Treaty blog"

  gatepost calibrate "Treaty blog" --false-holds 0.5% > suggested.json

  gatepost calibrate "Treaty blog" --label spam --label insult --save

Or, without a site, from comments with the scores that Perspective gave them (columns text, TOXICITY, …): which \
threshold of ours holds as many of them as an old one did.

  gatepost calibrate --perspective scored.csv --at TOXICITY=0.8 --at INSULT=0.7 > policy.json
"""

SELECTION = (
    "Mind what these comments are. Humans review what was held, hardly anything else: abuse and spam that slipped"
    " through and that nobody reported is not among the rejected ones, so the true catch is lower than the one shown."
    " What was published and not objected to counts as harmless. Held comments that nobody has reviewed yet, and those"
    " that were rejected as off topic or for another reason, are left out. Lists, links and trust are not looked at:"
    " these are the scores alone."
)


@dataclass
class Past:
    """What is known of a site's comments: for each kind its scores, a row a comment, a column a label of `LABELS`."""

    harmless: Floats
    toxic: Floats
    spam: Floats
    approved: int = 0  # of the harmless ones, those that a human approved
    other_engines: int = 0  # comments that another engine scored, which are left out
    unjudged: int = 0  # comments in a language that the engine cannot judge, which are left out
    engine: str = ""


@dataclass(frozen=True)
class Suggestion:
    """A label's threshold now and as suggested, within the limits that chance leaves it, and what it does alone."""

    label: str
    now: float
    threshold: float
    limits: tuple[float, float]
    false_holds: Share
    catch: Share


@dataclass
class _Gathered:
    """Scores by engine, then by kind, as the comments go by."""

    rows: dict[str, dict[str, list[list[float]]]] = field(default_factory=dict)
    approved: dict[str, int] = field(default_factory=dict)
    unjudged: int = 0
    newest: str = ""


def calibrate(  # noqa: PLR0913 - a command names its options
    site_name: Annotated[str | None, typer.Argument(metavar="SITE", help="The site's name.")] = None,
    *,
    false_holds: Annotated[
        str, typer.Option(metavar="SHARE", help="Harmless comments that may be held: 1% or 0.01.")
    ] = "1%",
    label: Annotated[
        list[str] | None, typer.Option(help="A label to calibrate; may be given again. Not given: all.")
    ] = None,
    days: Annotated[int, typer.Option(help="How far to look back.", min=1, max=3650)] = 365,
    reviewed_only: Annotated[
        bool, typer.Option("--reviewed-only", help="Harmless is only what a human approved.")
    ] = False,
    save: Annotated[bool, typer.Option("--save", help="Save the thresholds as the site's next policy.")] = False,
    perspective_file: Annotated[
        Path | None,
        typer.Option("--perspective", metavar="FILE", help="Comments with Perspective's scores: .csv, .tsv or .jsonl."),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(help="With --perspective: an old threshold, ATTRIBUTE=0.8 or 0.8 for all; may be given again."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --perspective: print the whole table as JSON.")] = False,
) -> None:
    if perspective_file is not None:
        perspective.calibrate(perspective_file, at or (), as_json=as_json)
        return
    if site_name is None:
        raise typer.BadParameter("Which site? Or --perspective FILE.")
    rate = _rate(false_holds)
    labels = _labels(label or LABELS)
    console = commands.console(stderr=True)
    with commands.opened(site_name) as (database, site):
        known = gather(database, site, days, reviewed_only=reviewed_only)
        with database.reading() as session:
            version, live = sites.live_policies(session, {site.id})[site.id]
        if isinstance(live, UnreadablePolicy):
            commands.fail(f"Version {version} of this site's policy cannot be read; save it anew first.")
        try:
            found = suggest(known, live, labels, rate)
        except thresholds.TooFewError as error:
            others = f" {known.other_engines} more were scored by another engine than the newest, {known.engine}."
            commands.fail(str(error) + (others if known.other_engines else ""))
        policy = live.model_copy(
            update={"thresholds": {**live.thresholds, **{one.label: one.threshold for one in found}}}
        )
        _show(console, site.name, known, found, rate)
        if save:
            with database.transaction() as session:
                saved = sites.put_policy(session, site.id, policy, actor="calibrate")
            console.print(f"Saved as version {saved.version}; comments that are decided from now on follow it.")
    print(json.dumps(policy.model_dump(mode="json", exclude_defaults=True), indent=2, ensure_ascii=False))  # noqa: T201 - the answer


def gather(database: Database, site: Site, days: int, *, reviewed_only: bool) -> Past:
    """The scores of what is known to be harmless, toxic or spam: the newest engine's, as others have other scales."""
    gathered = _Gathered()
    for chunk in past.chunks(database, site.id, days):
        for comment in chunk:
            _add(gathered, comment, _kind(comment, reviewed_only=reviewed_only))
    mine = gathered.rows.get(gathered.newest, {})
    everything = sum(len(scores) for kinds in gathered.rows.values() for scores in kinds.values())
    return Past(
        harmless=_matrix(mine.get("harmless", [])),
        toxic=_matrix(mine.get("toxic", [])),
        spam=_matrix(mine.get("spam", [])),
        approved=gathered.approved.get(gathered.newest, 0),
        other_engines=everything - sum(map(len, mine.values())),
        unjudged=gathered.unjudged,
        engine=gathered.newest,
    )


def suggest(known: Past, live: Policy, labels: Sequence[Label], rate: float) -> list[Suggestion]:
    """The thresholds that together hold `rate` of the harmless comments. Raises TooFewError."""
    columns = [LABELS.index(label) for label in labels]
    harmless = known.harmless[:, columns]
    thresholds.require_enough(len(harmless), rate)
    chosen = thresholds.choose(harmless, rate)
    return [
        Suggestion(
            label=label,
            now=live.threshold(label),
            threshold=float(threshold),
            limits=thresholds.limits(scores, threshold),
            false_holds=_reaching(scores, threshold),
            catch=_reaching((known.spam if label == SPAM else known.toxic)[:, LABELS.index(label)], threshold),
        )
        for label, threshold, scores in zip(labels, chosen, harmless.T, strict=True)
    ]


def _reaching(scores: Floats, threshold: float) -> Share:
    return intervals.share(int((scores >= threshold).sum()), len(scores))


def _kind(comment: Comment, *, reviewed_only: bool) -> str | None:
    human = past.human_word(comment)
    if human == Status.APPROVED:
        return "harmless"
    if human == Status.REJECTED:
        return {Category.TOXIC: "toxic", Category.SPAM: "spam"}.get(comment.category or Category.OTHER)
    published = comment.status == Status.APPROVED and comment.decided_by == POLICY
    return "harmless" if published and not reviewed_only else None


def _add(gathered: _Gathered, comment: Comment, kind: str | None) -> None:
    verdict = Verdict.model_validate(comment.verdict)
    if not verdict.scores.keys() >= set(LABELS):
        return
    # What the site has learnt changes from day to day, the scale of the scores does not.
    engine = gathered.newest = (verdict.engine or "unknown").partition(", learned")[0]
    if kind and not verdict.judged:
        gathered.unjudged += 1
    elif kind:
        kinds = gathered.rows.setdefault(engine, {})
        kinds.setdefault(kind, []).append([verdict.scores[label] for label in LABELS])
        if past.human_word(comment) == Status.APPROVED:
            gathered.approved[engine] = gathered.approved.get(engine, 0) + 1


def _matrix(rows: list[list[float]]) -> Floats:
    return np.array(rows, np.float64).reshape(-1, len(LABELS))


def _rate(text: str) -> float:
    try:
        rate = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        rate = math.nan
    if not 0 < rate <= 0.5:  # noqa: PLR2004 - holding more than half is no moderation
        raise typer.BadParameter("--false-holds is a share such as 1% or 0.01, above 0 and at most 50%.")
    return rate


def _labels(names: Sequence[str]) -> list[Label]:
    if unknown := set(names) - set(LABELS):
        raise typer.BadParameter(f"There is no label {', '.join(sorted(unknown))}. There are: {', '.join(LABELS)}.")
    return [label for label in get_args(Label) if label in names]


def _show(console: Console, site: str, known: Past, found: Sequence[Suggestion], rate: float) -> None:
    console.print(
        f"{site}, scored by {known.engine}: {len(known.harmless)} harmless comments ({known.approved} that a human"
        f" approved, {len(known.harmless) - known.approved} published without objection), {len(known.toxic)} rejected"
        f" as toxic, {len(known.spam)} as spam. Left out: {known.other_engines} that another engine scored,"
        f" {known.unjudged} in languages that it cannot judge.",
        markup=False,
    )
    table = Table("label", "now", "suggested", "95%", "harmless held", "caught", title_justify="left")
    for one in found:
        limits = f"{one.limits[0]:.2f} to {one.limits[1]:.2f}"
        words = [LABEL_WORDS[one.label], f"{one.now:.2f}", f"{one.threshold:.4f}", limits]
        table.add_row(*words, str(one.false_holds), str(one.catch))
    console.print(table)
    columns = [LABELS.index(one.label) for one in found]
    now, new = np.array([one.now for one in found]), np.array([one.threshold for one in found])
    for name, rows in (
        ("harmless comments held", known.harmless),
        ("toxic ones caught", known.toxic),
        ("spam caught", known.spam),
    ):
        shares = [
            intervals.share(int(thresholds.held(rows[:, columns], limits).sum()), len(rows)) for limits in (now, new)
        ]
        console.print(f"These labels together, {name}: now {shares[0]}; suggested {shares[1]}.")
    unseen = thresholds.on_unseen(known.harmless[:, columns], rate)
    console.print(f"Held of harmless comments that the thresholds were not chosen on: {unseen}.")
    console.print("Intervals are Wilson's, at 95%; a threshold's is the range of scores where that share may lie.")
    console.print(SELECTION, style="dim")
