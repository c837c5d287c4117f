"""`gatepost import`: comments from WordPress, Disqus, CSV and JSON lines, with what was decided of them."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from service.commands import opened
from service.commands.opened import console
from service.core.db import Database
from service.core.exchange import backlog, disqus, store, tables, wordpress
from service.core.exchange.entries import Entry
from service.core.exchange.files import File
from service.core.settings import Settings

app = typer.Typer(
    help="Bring an archive in: WordPress, Disqus, CSV or JSON lines.", no_args_is_help=True, add_completion=False
)


class Backlog(StrEnum):
    """Which imported comments the machine decides."""

    UNDECIDED = "undecided"
    ALL = "all"


Read = Callable[..., Iterator[Entry]]

Archive = Annotated[Path, typer.Argument(metavar="FILE", help="May be gzipped.", exists=True, dir_okay=False)]
SiteOption = Annotated[
    str | None, typer.Option("--site", help="The site that they belong to; needed where there are several.")
]
Decide = Annotated[
    Backlog | None,
    typer.Option(
        help="Have the machine decide, when it has nothing else to do: what was `undecided`, or `all` that was not"
        " rejected. Not given: what was undecided is held for a moderator."
    ),
]
Learn = Annotated[bool, typer.Option("--learn", help="Teach the site what was approved and rejected.")]
KeepIp = Annotated[bool, typer.Option("--keep-ip", help="Keep the authors' IP addresses.")]


@app.command("wordpress")
def from_wordpress(
    file: Archive, site: SiteOption = None, decide: Decide = None, *, learn: Learn = False, keep_ip: KeepIp = False
) -> None:
    """Read a WordPress export (Tools, Export, “All content”)."""
    _run(file, site, wordpress.read, decide, learn=learn, keep_ip=keep_ip)


@app.command("disqus")
def from_disqus(
    file: Archive, site: SiteOption = None, decide: Decide = None, *, learn: Learn = False, keep_ip: KeepIp = False
) -> None:
    """Read a Disqus export (Admin, Community, Export)."""
    _run(file, site, disqus.read, decide, learn=learn, keep_ip=keep_ip)


@app.command("csv")
def from_csv(
    file: Archive, site: SiteOption = None, decide: Decide = None, *, learn: Learn = False, keep_ip: KeepIp = False
) -> None:
    """Read a CSV with a header: `text`, and whatever else a submission has; `status`, `category`."""
    _run(file, site, tables.read_csv, decide, learn=learn, keep_ip=keep_ip)


@app.command("jsonl")
def from_jsonl(
    file: Archive, site: SiteOption = None, decide: Decide = None, *, learn: Learn = False, keep_ip: KeepIp = False
) -> None:
    """Read JSON lines with the same names; `gatepost export` writes such."""
    _run(file, site, tables.read_jsonl, decide, learn=learn, keep_ip=keep_ip)


def _run(path: Path, site_name: str | None, read: Read, decide: Backlog | None, *, learn: bool, keep_ip: bool) -> None:
    file = File(path)
    with opened.database() as database:
        site = opened.chosen_site(database, site_name)
        started = time.monotonic()
        total = _store(database, site.id, file, read(file, keep_ip=keep_ip))
        _tell(total, file.damage, time.monotonic() - started)
        if learn:
            _learn(site.name)
        if decide:
            _decide(database, site.id, decide)


def _store(database: Database, site_id: UUID, file: File, found: Iterable[Entry]) -> store.Progress:
    total = store.Progress()
    with _bar() as bar:
        task = bar.add_task("Importing", total=file.size or None, seen="0 comments")
        started = time.monotonic()
        for total in store.store(database, site_id, found, file.damage):
            rate = total.seen / (time.monotonic() - started)
            bar.update(task, completed=file.position, seen=f"{total.seen:,} comments, {rate:,.0f}/s")
        bar.update(task, total=file.size, completed=file.size)
    return total


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[seen]}"),
        TimeRemainingColumn(),
        console=console,
    )


def _tell(total: store.Progress, damage: Counter[str], seconds: float) -> None:
    new = total.stored.total()
    console.print(f"{new:,} comments are stored, {total.seen / max(seconds, 0.001):,.0f} a second.", highlight=False)
    for name, number in total.stored.most_common():
        console.print(f"  {number:>9,} {name}", highlight=False)
    if total.by_blogs:
        console.print(f"  {total.by_blogs:>9,} of them by other blogs: pingbacks and trackbacks", highlight=False)
    if total.known:
        console.print(f"{total.known:,} were there before.", highlight=False)
    for what, number in (+damage).most_common():
        console.print(f"{number:,} {what}", style="yellow", highlight=False, markup=False)
    days = Settings().keep_comments_days
    if days:
        console.print(f"GATEPOST_KEEP_COMMENTS_DAYS is set: what was decided {days} days ago goes within the hour.")


def _decide(database: Database, site_id: UUID, which: Backlog) -> None:
    owed = sum(backlog.owe(database, site_id, approved_too=which == Backlog.ALL))
    console.print(f"{owed:,} comments will be decided when nothing else is to do.", highlight=False)


def _learn(site_name: str) -> None:
    """In a program of its own, as every command that needs the models."""
    console.print("Learning from what was decided; this scores up to 2,000 comments.", highlight=False)
    subprocess.run([sys.executable, "-m", "workers.cli", "learning", "seed", site_name], check=True)  # noqa: S603 - ours
