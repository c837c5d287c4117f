"""`gatepost learning`: what a site has learnt, why, and how to give it a past or a new beginning."""

from collections import Counter
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.table import Table
from sqlmodel import Session, col, select

from service.core import lessons
from service.core.models import Comment, Lesson, SiteModel
from service.core.policy import Verdict
from service.core.settings import Settings
from service.core.submissions import Submission
from workers import commands, reading
from workers.learning import examples, seeding, shifts, step, store
from workers.learning.model import MOST, Head
from workers.scorers import load_scorer

app = typer.Typer(help="What a site has learnt from its moderators.", no_args_is_help=True)

SiteName = Annotated[str, typer.Argument(help="The site's name.")]
_MOST_SHOWN = 12


@app.command()
def show(site_name: SiteName) -> None:
    """Show the version, the lessons, and what tells most for and against a comment."""
    out = commands.console()
    with commands.opened(site_name) as (database, site), database.reading() as session:
        row = session.get(SiteModel, site.id)
        out.print(f"Version {row.version if row else 0}, taught by {row.taught if row else 0} lessons.")
        if row:
            out.print(f"Last changed {row.updated_at:%Y-%m-%d %H:%M} UTC.")
        out.print(_lessons(session, site.id))
        names = _names(session, site.id)
        for label, head in store.load_all(session, [site.id])[site.id].heads.items():
            out.print(_telling(label, head, names))


@app.command()
def explain(site_name: SiteName, text: Annotated[str, typer.Argument(help="A comment's text.")]) -> None:
    """Show what the site has learnt about the words of a text, without scoring it."""
    out = commands.console()
    try:
        submission = Submission(text=text)
    except ValidationError as error:
        commands.fail(f"The text {error.errors()[0]['msg']}.")
    with commands.opened(site_name) as (database, site), database.reading() as session:
        learned = store.load_all(session, [site.id])[site.id]
    names = examples.features(submission, reading.read(text).normalised, [])
    for label, head in learned.heads.items():
        shift = head.shift(examples.hashes(names))
        out.print(f"{label}: {shift:+.2f} in log-odds, of {MOST:g} at most (version {learned.version})")
        for name, part in shifts.explain(head, names)[:_MOST_SHOWN]:
            out.print(f"  {part:+.2f}  {_in_words(name)}", markup=False)


@app.command()
def reset(
    site_name: SiteName,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget all that the site was taught. Decisions stay as they are, and the version goes on counting."""
    if not yes:
        typer.confirm(f"Forget all lessons of “{site_name}”?", abort=True)
    with commands.opened(site_name) as (database, site), database.transaction() as session:
        number = lessons.reset(session, site.id)
    commands.console().print(f"{number} lessons are forgotten.")


@app.command()
def seed(
    site_name: SiteName,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="CSV or JSON lines with `text` and `status`. Not given: the comments that `gatepost import` brought.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Teach a site its past, as it was decided elsewhere.

    `status` is approved, spam, toxic, off_topic, rejected, trash or deleted; rows with another one are left out.
    Other columns are those of a submission: author_name, author_email, author_url, author_ip, …
    """
    with commands.opened(site_name) as (database, site):
        scorer = load_scorer(Settings())
        if file:
            number = seeding.seed(database, scorer, site.id, seeding.read(file))
        else:
            number = seeding.seed_from_history(database, scorer, site.id)
        # Now, and not when a worker comes by: whoever seeds wants to see what came of it.
        step.learn(database, site.id)
    commands.console().print(f"{number} lessons. `gatepost learning show` tells what came of them.")


def _lessons(session: Session, site_id: UUID) -> Table:
    table = Table("taught by", "approved", "rejected", title="Lessons", title_justify="left")
    query = select(Lesson.actor, Lesson.category).where(col(Lesson.site_id) == site_id)
    counts = Counter((actor, category is not None) for actor, category in session.exec(query))
    for actor in sorted({actor for actor, _ in counts}):
        table.add_row(actor, str(counts[actor, False]), str(counts[actor, True]))
    return table


def _names(session: Session, site_id: UUID) -> dict[int, str]:
    """The features' names by their hashes: no words are stored, so they are read from the comments that taught them."""
    query = select(Comment).join(Lesson, col(Lesson.comment_id) == Comment.id).where(col(Lesson.site_id) == site_id)
    names: dict[int, str] = {}
    for comment in session.exec(query):
        seen = Verdict.model_validate(comment.verdict).signals if comment.verdict else []
        found = examples.features(comment, reading.read(comment.text).normalised, seen)
        names |= dict(zip(examples.hashes(found).tolist(), found, strict=True))
    return names


def _telling(label: str, head: Head, names: dict[int, str]) -> Table:
    known = sorted(
        (float(weight), names[key])
        for key, weight in zip(head.hashes.tolist(), head.weights, strict=True)
        if key in names
    )
    table = Table(
        "approved", "rejected", title=f"{label}: what tells most, of {head.hashes.size}", title_justify="left"
    )
    for low, high in zip(known[:_MOST_SHOWN], reversed(known[-_MOST_SHOWN:]), strict=True):
        table.add_row(_cell(low, below=True), _cell(high, below=False))
    return table


def _cell(weighed: tuple[float, str], *, below: bool) -> str:
    weight, name = weighed
    return f"{weight:+.2f} {commands.printable(_in_words(name), 50)}" if (weight < 0) == below else ""


def _in_words(name: str) -> str:
    return shifts.in_words(name) or {"any": "every comment"}.get(name.partition(":")[0], name.replace(":", " "))
