"""Bring the database up to date: its tables, and what an older version has stored in plain."""

from service import migrations
from service.commands import secrets
from service.core.settings import Settings


def upgrade() -> None:
    """Raises what `migrations.upgrade` and `secrets.check` raise."""
    migrations.upgrade(Settings().database_url)
    secrets.take_over()
