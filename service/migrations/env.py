"""Alembic's entry: one connection, one transaction, a lock so that two processes do not migrate at once."""

from typing import Literal

import sqlalchemy
from alembic import context
from sqlalchemy import text
from sqlmodel.sql.sqltypes import AutoString

from service.core import db, models
from service.core.settings import Settings

_LOCK = 7238015  # any number that nobody else uses in this database


def _render(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write our own column types as SQLAlchemy's: a migration must not change when our code does."""
    if kind == "type" and isinstance(item, db.UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, (AutoString, sqlalchemy.Enum)):
        return f"sa.String(length={item.length})" if item.length else "sa.String()"
    return False


def run() -> None:
    url = context.config.attributes.get("database_url") or Settings().database_url
    engine = db.create_engine(url)
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
            # A migration that waits for a lock makes everybody else wait behind it: better fail and try again.
            connection.execute(text("SET LOCAL lock_timeout = '4s'"))
        context.configure(
            connection=connection,
            target_metadata=models.Site.metadata,
            compare_type=True,
            render_item=_render,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
