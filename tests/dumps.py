"""All that a database holds, as bytes to search."""

from pathlib import Path

from sqlalchemy import inspect, text

from service.core.db import Database


def dump(database: Database) -> bytes:
    """Of SQLite the files with their free pages and journals, of PostgreSQL every row of every table."""
    if path := database.engine.url.database if database.engine.dialect.name == "sqlite" else None:
        return b"".join(file.read_bytes() for file in sorted(Path(path).parent.glob(Path(path).name + "*")))
    with database.engine.connect() as connection:
        return "\n".join(
            row
            for table in inspect(connection).get_table_names()
            for row in connection.execute(text(f'SELECT "{table}"::text FROM "{table}"')).scalars()
        ).encode()
