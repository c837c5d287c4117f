"""Indexes on tables that may be large, built while others write to them.

PostgreSQL does this only outside a transaction. Put nothing else into such a revision: when it fails a part of it is
done, and it is run again from the start.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import op
from sqlalchemy import TextClause

from service.migrations import locks


def create_index(name: str, table: str, columns: Sequence[str | TextClause], **options: Any) -> None:
    with _outside_transaction():
        # One that failed leaves its ruin.
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)
        op.create_index(name, table, list(columns), postgresql_concurrently=True, **options)


def drop_index(name: str, table: str) -> None:
    with _outside_transaction():
        op.drop_index(name, table_name=table, if_exists=True, postgresql_concurrently=True)


@contextmanager
def _outside_transaction() -> Iterator[None]:
    context = op.get_context()
    if context.dialect.name == "sqlite":
        # It has one writer in any case.
        yield
        return
    with context.autocommit_block():
        # It waits for the transactions of others to end, and nobody waits behind it.
        op.execute(locks.WAIT_FOR_EVER)
        yield
        op.execute(locks.GIVE_UP_SOON)
