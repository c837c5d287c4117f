"""Numbered Alembic revisions, and how to run them."""

import time
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

log = structlog.get_logger()

_FOLDER = Path(__file__).parent
# Ten minutes: longer than any transaction of ours; a backup may take as long.
_TRIES = 600
_PAUSE_SECONDS = 1.0


def config(database_url: str) -> Config:
    found = Config()
    found.set_main_option("script_location", str(_FOLDER))
    found.attributes["database_url"] = database_url
    return found


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring the database to the newest revision. Safe to run again, by several processes at once, and under load.

    A step that does not get its lock at once lets those pass who wait behind it, and tries again. Raises
    OperationalError when it never gets it.
    """
    for _ in range(_TRIES - 1):
        try:
            command.upgrade(config(database_url), revision)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            log.warning("migration.waits")
            time.sleep(_PAUSE_SECONDS)
        else:
            return
    command.upgrade(config(database_url), revision)
