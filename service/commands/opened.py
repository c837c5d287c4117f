"""What the commands share: the database of the settings, a site by its name, and where they write."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlmodel import Session, col, select

from service.core import encryption, sites
from service.core.db import Database, create_engine
from service.core.errors import NotFoundError
from service.core.models import Site
from service.core.queue import SilentBell
from service.core.settings import Settings

SiteName = Annotated[str, typer.Argument(help="The site's name.")]
# For people; what a script reads goes to standard output.
console = Console(stderr=True)


@contextmanager
def database() -> Iterator[Database]:
    settings = Settings()
    # No bell: what a command leaves due is found by the sweeper.
    opened = Database(create_engine(settings.database_url), SilentBell(), keyring=encryption.keyring(settings))
    try:
        yield opened
    finally:
        opened.engine.dispose()


@contextmanager
def transaction() -> Iterator[Session]:
    with database() as opened, opened.transaction() as session:
        yield session


def site(session: Session, name: str) -> Site:
    try:
        return sites.named(session, name)
    except NotFoundError as error:
        raise typer.BadParameter(str(error)) from error


def chosen_site(database: Database, name: str | None) -> Site:
    """The site of this name; without one, the only site there is."""
    with database.reading() as session:
        if name is None:
            found = session.exec(select(Site).order_by(col(Site.name)).limit(2)).all()
            if len(found) == 1:
                return found[0]
        try:
            return sites.named(session, name or "")
        except NotFoundError as error:
            raise typer.BadParameter(str(error) if name else f"Which site? Give --site. {error}") from error


def show(columns: list[str], rows: list[list[str]]) -> None:
    """A table on standard output."""
    table = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    out = Console()
    if not out.is_terminal:
        # Nothing is cut off for a program that reads it.
        out.width = 400
    out.print(table)
