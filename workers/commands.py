"""What the commands on one site's data share: its database, its name, and errors told in a line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from service.core import sites
from service.core.db import Database, create_engine
from service.core.errors import GatepostError
from service.core.models import Site
from service.core.queue import SilentBell
from service.core.settings import Settings
from workers.engines.engine import EngineUnavailableError

# As wide as this where no terminal says otherwise.
_WIDTH = 130


@contextmanager
def opened(site_name: str) -> Iterator[tuple[Database, Site]]:
    """The database of the settings and the site; what the command's user can mend ends it with exit code 1."""
    try:
        database = Database(create_engine(Settings().database_url), SilentBell())
    except ValidationError as error:
        fail("\n".join(f"GATEPOST_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()))
    try:
        with database.reading() as session:
            site = sites.named(session, site_name)
        yield database, site
    except (GatepostError, EngineUnavailableError) as error:
        fail(str(error))
    except DBAPIError as error:
        fail(f"The database does not answer: {str(error.orig).strip()}")
    finally:
        database.engine.dispose()


def console(*, stderr: bool = False) -> Console:
    found = Console(stderr=stderr, highlight=False)
    if not found.is_terminal:
        found.width = _WIDTH
    return found


def fail(message: str) -> NoReturn:
    console(stderr=True).print(message, style="red", markup=False)
    raise typer.Exit(1)


def printable(text: str, length: int) -> str:
    """One line of a stranger's text that cannot steer a terminal."""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return shown if len(shown) <= length else shown[: length - 1] + "…"
