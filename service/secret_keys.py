"""Whether this process holds the right keys for the secrets at rest, and how they change."""

from sqlalchemy.exc import OperationalError

from service.core import encryption, signing_keys
from service.core.db import Database


def check(database: Database) -> None:
    """Raises what `signing_keys.check` raises. A database that is away is asked again by those who need it."""
    database.keyring.check()
    try:
        with database.reading() as session:
            signing_keys.check(session)
    except OperationalError:
        return


def take_over(database: Database) -> None:
    """After a migration: refuse wrong keys, then encrypt what a version before this one has stored in plain."""
    check(database)
    _encrypt_anew(database, only_plain=True)


def rotate(database: Database) -> None:
    """Encrypt every secret with the newest key. A key of our own, in a file, is replaced by a new one on the way.

    Others may work meanwhile: until the last secret is written both keys are there.
    """
    ours = database.keyring.file is not None and database.keyring.file.exists()
    if ours:
        database.keyring.put_first(encryption.new_key())
    check(database)
    _encrypt_anew(database)
    if ours:
        database.keyring.keep_first()


def _encrypt_anew(database: Database, *, only_plain: bool = False) -> None:
    after = None
    while True:
        with database.transaction() as session:
            after = signing_keys.encrypt_anew(session, after, only_plain=only_plain)
        if after is None:
            return
