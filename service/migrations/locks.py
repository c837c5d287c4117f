"""How a migration waits for PostgreSQL's locks without holding anybody up."""

import time

from sqlalchemy import Connection, text

WAIT_FOR_EVER = text("SET lock_timeout = 0")
# Whoever comes after a statement that waits for a table waits behind it; a request gives up after a second.
GIVE_UP_SOON = text("SET lock_timeout = '300ms'")

_TURN = text("SELECT pg_try_advisory_lock(7238015)")  # any number that nobody else uses in this database
_PAUSE_SECONDS = 0.2


def wait_for_turn(connection: Connection) -> None:
    """One process migrates at a time, until its connection is closed."""
    # Asked for again and again: a statement that waits has a snapshot, and an index that another builds concurrently
    # waits for all snapshots to go.
    while not connection.execute(_TURN).scalar():
        connection.commit()
        time.sleep(_PAUSE_SECONDS)
    connection.execute(GIVE_UP_SOON)
    connection.commit()
