"""Many rows in one statement, past the ORM: what building, flushing and binding cost for each is most of a step's work.

PostgreSQL gets the rows as one parameter, a JSON array: half the work of its driver's own `executemany`. SQLite's
driver takes a list.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy
from pydantic_core import to_json
from sqlalchemy import ARRAY, ColumnElement, Table, TextClause, any_, bindparam, text
from sqlmodel import Session

from service.core import db

Row = Mapping[str, Any]


def insert(session: Session, table: Table, rows: Sequence[Row], *, if_absent: bool = False) -> None:
    """Insert rows that all have the same columns; with `if_absent` but those that a unique constraint already has."""
    if not rows:
        return
    if _on_postgresql(session):
        session.execute(_insertion(table.name, tuple(rows[0]), if_absent), {"rows": _encoded(rows)})
    else:
        statement = db.insert(session, table)
        session.execute(statement.on_conflict_do_nothing() if if_absent else statement, rows)


def update(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Change rows, found by their `id`, to what the others of the same columns say."""
    if not rows:
        return
    if _on_postgresql(session):
        session.execute(_change(table.name, tuple(rows[0])), {"rows": _encoded(rows)})
    else:
        found = sqlalchemy.update(table).where(table.c.id == bindparam("key"))
        session.execute(found, [{"key": row["id"], **row} for row in rows])


def among(session: Session, column: Any, values: Collection[object]) -> ColumnElement[bool]:
    """`column IN values`, which PostgreSQL gets as one parameter: hundreds would be read and bound one by one."""
    if _on_postgresql(session):
        found: ColumnElement[bool] = column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))
    else:
        found = column.in_(values)
    return found


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


@cache
def _insertion(table: str, columns: tuple[str, ...], if_absent: bool) -> TextClause:  # noqa: FBT001 - a part of the key
    names = ", ".join(f'"{name}"' for name in columns)
    conflict = " ON CONFLICT DO NOTHING" if if_absent else ""
    return text(f'INSERT INTO "{table}" ({names}) SELECT {names} FROM {_given(table)}{conflict}')  # noqa: S608


@cache
def _change(table: str, columns: tuple[str, ...]) -> TextClause:
    new = ", ".join(f'"{name}" = given."{name}"' for name in columns if name != "id")
    return text(f'UPDATE "{table}" SET {new} FROM {_given(table)} WHERE "{table}".id = given.id')  # noqa: S608


def _given(table: str) -> str:
    return f'json_populate_recordset(NULL::"{table}", CAST(:rows AS json)) AS given'


def _encoded(rows: Sequence[Row]) -> str:
    # The encoder of our models: it knows UUIDs, times and enums, and takes half the time of Python's own.
    return to_json(rows).decode()
