"""Alembic's entry: one process at a time, and no step that makes others wait for long."""

from typing import Literal

import sqlalchemy
from alembic import context
from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

from service.core import db, models
from service.core.settings import Settings
from service.migrations import locks


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own column types as SQLAlchemy's: a migration must not change when our code does."""
    if kind == "type" and isinstance(item, db.UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, (AutoString, sqlalchemy.Enum)):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def run() -> None:
    engine = db.create_engine(context.config.attributes.get("database_url") or Settings().database_url)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                locks.wait_for_turn(connection)
                _migrate(connection)
            else:
                # The transaction holds the lock on the whole file.
                with connection.begin():
                    _migrate(connection)
    finally:
        # Closes the connection, and so gives up the turn.
        engine.dispose()


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=models.Site.metadata,
        compare_type=True,
        render_item=_render,
        render_as_batch=connection.dialect.name == "sqlite",
        # What one revision has locked must not wait for the next.
        transaction_per_migration=connection.dialect.name == "postgresql",
    )
    with context.begin_transaction():
        context.run_migrations()


run()
