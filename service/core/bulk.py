"""Many rows in one statement, past the ORM: what building, flushing and binding cost for each is most of a step's work.

PostgreSQL gets the rows as one parameter, a JSON array: half the work of its driver's own `executemany`. SQLite's
driver takes a list. Rows all have the same columns, none of them bytes.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy
from pydantic_core import to_json
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Executable,
    Table,
    TextClause,
    any_,
    bindparam,
    column,
    func,
    text,
    tuple_,
)
from sqlmodel import Session

from service.core import db

Row = Mapping[str, Any]


def read(session: Session, model: type[db.Model], ids: Collection[UUID]) -> dict[UUID, db.Model]:
    """The rows with these ids, by their ids; no part of the session."""
    if not ids:
        return {}
    found = session.execute(_reading(model, session.get_bind().dialect.name), {"ids": [*ids]}).mappings()
    return {row["id"]: db.instance(model, row) for row in found}


def insert(session: Session, table: Table, rows: Sequence[Row]) -> None:
    if not rows:
        return
    if _on_postgresql(session):
        session.execute(text(_insertion(table.name, tuple(rows[0]))), {"rows": _encoded(rows)})
    else:
        session.execute(db.insert(session, table), rows)


def insert_if_absent(session: Session, table: Table, rows: Sequence[Row]) -> set[tuple[Any, ...]]:
    """Insert the rows but those that a unique constraint already has; the primary keys of the inserted ones.

    Waits for a rival's open transaction.
    """
    if not rows:
        return set()
    if _on_postgresql(session):
        inserted = session.execute(_missing(table, tuple(rows[0])), {"rows": _encoded(rows)})
    else:
        statement = db.insert(session, table).on_conflict_do_nothing()
        # Asked by RETURNING: what `rowcount` says of an INSERT depends on the driver.
        inserted = session.execute(statement.returning(*table.primary_key), rows)
    return {tuple(row) for row in inserted}


def update(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Change rows, found by their `id`, to what the others of the same columns say."""
    if not rows:
        return
    if _on_postgresql(session):
        session.execute(_change(table.name, tuple(rows[0])), {"rows": _encoded(rows)})
    else:
        found = sqlalchemy.update(table).where(table.c.id == bindparam("key"))
        session.execute(found, [{"key": row["id"], **row} for row in rows])


def among(session: Session, of: Any, values: Collection[object]) -> ColumnElement[bool]:
    """`of IN values`, which PostgreSQL gets as one parameter: hundreds would be read and bound one by one."""
    if _on_postgresql(session):
        found: ColumnElement[bool] = of == any_(bindparam(None, list(values), type_=ARRAY(of.type)))
    else:
        found = of.in_(values)
    return found


def among_given(dialect: str, of: Any, name: str) -> ColumnElement[bool]:
    """`of IN values`, which are given by this name with each run of a statement that is built once."""
    if dialect == "postgresql":
        found: ColumnElement[bool] = of == any_(bindparam(name, type_=ARRAY(of.type)))
    else:
        found = of.in_(bindparam(name, expanding=True))
    return found


def pairs_given(dialect: str, left: Any, right: Any, name: str) -> ColumnElement[bool]:
    """`(left, right) IN pairs`, given as `pairs` puts them with each run of a statement that is built once."""
    both = tuple_(left, right)
    if dialect != "postgresql":
        return both.in_(bindparam(name, expanding=True))
    sides = [bindparam(f"{name}_{side}", type_=ARRAY(of.type)) for side, of in enumerate((left, right))]
    given = func.unnest(*sides).table_valued(column("one", left.type), column("other", right.type)).render_derived()
    return both.in_(sqlalchemy.select(given.c.one, given.c.other))


def pairs(dialect: str, name: str, values: Collection[tuple[Any, Any]]) -> dict[str, object]:
    """The parameters of `pairs_given`."""
    if dialect != "postgresql":
        return {name: [*values]}
    return {f"{name}_{side}": [pair[side] for pair in values] for side in (0, 1)}


def _on_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


@cache
def _reading(model: type[db.Model], dialect: str) -> Executable:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return sqlalchemy.select(table).where(among_given(dialect, table.c.id, "ids"))


@cache
def _missing(table: Table, columns: tuple[str, ...]) -> Executable:
    statement = (
        f"{_insertion(table.name, columns)} ON CONFLICT DO NOTHING RETURNING {_names(table.primary_key.columns.keys())}"
    )
    return text(statement).columns(*table.primary_key)


@cache
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    return f'INSERT INTO "{table}" ({_names(columns)}) SELECT {_names(columns)} FROM {_given(table)}'  # noqa: S608 - names of ours


@cache
def _change(table: str, columns: tuple[str, ...]) -> TextClause:
    new = ", ".join(f'"{name}" = given."{name}"' for name in columns if name != "id")
    return text(f'UPDATE "{table}" SET {new} FROM {_given(table)} WHERE "{table}".id = given.id')  # noqa: S608


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _given(table: str) -> str:
    return f'json_populate_recordset(NULL::"{table}", CAST(:rows AS json)) AS given'


def _encoded(rows: Sequence[Row]) -> str:
    # The encoder of our models: it knows UUIDs, times and enums, and takes half the time of Python's own.
    return to_json(rows).decode()
