"""Numbered Alembic revisions, and how to run them."""

from pathlib import Path

from alembic import command
from alembic.config import Config

_FOLDER = Path(__file__).parent


def config(database_url: str) -> Config:
    found = Config()
    found.set_main_option("script_location", str(_FOLDER))
    found.attributes["database_url"] = database_url
    return found


def upgrade(database_url: str) -> None:
    """Bring the database to the newest revision. Safe to run again, and by several processes at once."""
    command.upgrade(config(database_url), "head")
