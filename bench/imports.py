"""How fast a huge WordPress export comes in, how much memory that takes, and what a second try costs.

    python -m bench.imports --megabytes 2048 [--database sqlite]

Writes an export of that size (posts of 20 kB with four comments each; some comments damaged), imports it into a fresh
database, kills the import half-way with SIGKILL, runs it to its end, and runs it once more. Looks at the process's
resident memory ten times a second, and checks in the end that each comment is there once.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from bench.ingest import running
from service import migrations
from service.core import sites
from service.core.db import Database, create_engine
from service.core.queue import SilentBell
from tests.core.exchange.archives import WXR_END, wordpress_comment, wxr
from tests.servers.postgresql import OwnPostgreSQL

COMMENTS = 4
POST_CHARACTERS = 20_000
# One in so many comments has a control character.
DAMAGED = 1000
LOOK_SECONDS = 0.1
MEGABYTE = 1 << 20
WORDS = Path(__file__).read_text().split()


class Kind(StrEnum):
    """Where the comments go."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(frozen=True)
class Run:
    """One run of the command."""

    name: str
    seconds: float
    processor_seconds: float
    megabytes: float  # resident, at most
    stored: int


def main(
    megabytes: Annotated[int, typer.Option(help="The export's size.")] = 2048,
    database: Annotated[Kind, typer.Option(help="Where the comments go.")] = Kind.POSTGRESQL,
) -> None:
    with tempfile.TemporaryDirectory() as name, _url(database, Path(name)) as url:
        archive = Path(name) / "export.xml"
        comments = _write(archive, megabytes)
        os.environ["GATEPOST_DATABASE_URL"] = url
        migrations.upgrade(url)
        opened = Database(create_engine(url), SilentBell())
        with opened.transaction() as session:
            sites.create(session, "Blog")
        runs = list(_runs(opened, archive, comments))
        opened.engine.dispose()
    _tell(runs, megabytes, comments, database)
    if runs[-1].stored != comments:
        raise AssertionError(f"{runs[-1].stored} of {comments} comments are there")


@contextmanager
def _url(kind: Kind, folder: Path) -> Iterator[str]:
    if kind == Kind.SQLITE:
        yield f"sqlite:///{folder / 'gatepost.db'}"
        return
    with running(OwnPostgreSQL()) as server:
        yield server.create_database()


def _write(path: Path, megabytes: int) -> int:
    """The number of comments."""
    written = 0
    rng = random.Random(7)
    begin = wxr(end="")
    head, item = begin[: begin.index("<item>")], begin[begin.index("<item>") :]
    post = " ".join(rng.choices(WORDS, k=POST_CHARACTERS // 6)).replace("]]>", "")
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        while file.tell() < megabytes * MEGABYTE:
            file.write(item.replace("Exports hold", post).replace(">9<", f">{written // COMMENTS}<"))
            for _ in range(COMMENTS):
                written += 1
                said = " ".join(rng.choices(WORDS, k=60)).replace("]]>", "")
                flaw = "\x01" if written % DAMAGED == 0 else ""
                file.write(wordpress_comment(written, content=f"{said}{flaw}"))
            file.write("</item>\n")
        file.write(WXR_END.removeprefix("</item>\n"))
    return written


def _runs(database: Database, archive: Path, comments: int) -> Iterator[Run]:
    yield _run("killed half-way", database, archive, kill_at=comments // 2)
    yield _run("run again", database, archive)
    yield _run("once more", database, archive)


def _run(name: str, database: Database, archive: Path, kill_at: int | None = None) -> Run:
    command = [sys.executable, "-m", "service.cli", "import", "wordpress", str(archive)]
    started = time.monotonic()
    importing = psutil.Popen(command, stderr=subprocess.PIPE, text=True)
    most = looks = 0
    processor_seconds = 0.0
    while importing.poll() is None:
        with importing.oneshot():
            most = max(most, importing.memory_info().rss)
            processor_seconds = sum(importing.cpu_times()[:2])
        looks += 1
        if kill_at and looks % 20 == 0 and _count(database) >= kill_at:
            importing.send_signal(signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    seconds = time.monotonic() - started
    if not kill_at and importing.returncode:
        raise AssertionError(importing.stderr.read())
    return Run(name, seconds, processor_seconds, most / MEGABYTE, _count(database))


def _count(database: Database) -> int:
    with database.reading() as session:
        found: int = session.execute(text("SELECT count(DISTINCT external_id) FROM comment")).scalar_one()
    return found


def _tell(runs: list[Run], megabytes: int, comments: int, database: Kind) -> None:
    table = Table(
        "run",
        "seconds",
        "of the import's processor",
        "comments then there",
        "memory at most (MB)",
        title_justify="left",
    )
    table.title = f"{megabytes} MB with {comments:,} comments into {database}"
    for run in runs:
        table.add_row(
            run.name, f"{run.seconds:.0f}", f"{run.processor_seconds:.0f}", f"{run.stored:,}", f"{run.megabytes:.0f}"
        )
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
