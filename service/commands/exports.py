"""`gatepost export`: everything back, as JSON lines, CSV or WXR."""

import gzip
import itertools
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated

import typer
from sqlmodel import col, select

from service.commands import opened
from service.commands.imports import SiteOption
from service.commands.opened import console
from service.core.db import Database
from service.core.exchange import export as exports
from service.core.models import Site

app = typer.Typer(add_completion=False)


class Format(StrEnum):
    """How comments are written."""

    JSONL = "jsonl"
    CSV = "csv"
    WXR = "wxr"


@app.command()
def export(
    site: SiteOption = None,
    format_: Annotated[
        Format,
        typer.Option("--format", help="jsonl: everything; csv: for spreadsheets; wxr: for what reads WordPress's."),
    ] = Format.JSONL,
    output: Annotated[
        Path | None, typer.Option(help="The file; gzipped when it ends in .gz. Not given: standard output.")
    ] = None,
    *,
    all_sites: Annotated[
        bool, typer.Option("--all", help="The comments of all sites, one site after the other.")
    ] = False,
) -> None:
    """Write a site's comments, or all, with what was decided of them. `gatepost import` reads them back."""
    with opened.database() as database:
        found = _all(database) if all_sites else [opened.chosen_site(database, site)]
        if format_ == Format.WXR and len(found) > 1:
            raise typer.BadParameter("WXR is the export of one site: give --site.")
        with _written(output) as file:
            file.writelines(_lines(database, found, format_))
    if output:
        console.print(f"The comments are in {output}.", markup=False)


def _all(database: Database) -> list[Site]:
    with database.reading() as session:
        return list(session.exec(select(Site).order_by(col(Site.name))))


def _lines(database: Database, found: Iterable[Site], format_: Format) -> Iterator[str]:
    write = exports.FORMATS[format_]
    for number, site in enumerate(found):
        lines = write(site.name, exports.rows(database, site.id))
        # One header for all.
        yield from itertools.islice(lines, number and format_ == Format.CSV, None)


@contextmanager
def _written(path: Path | None) -> Iterator[IO[str]]:
    """The file has its name when it is whole."""
    if path is None:
        yield sys.stdout
        return
    part = path.with_name(path.name + ".part")
    with gzip.open(part, "wt", encoding="utf-8") if path.suffix == ".gz" else part.open("w", encoding="utf-8") as file:
        yield file
    part.replace(path)
