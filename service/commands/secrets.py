"""`gatepost secrets`: the keys that webhooks' secrets are encrypted with, and whether they are the right ones."""

import typer
from sqlalchemy.exc import OperationalError

from service.commands import opened
from service.commands.opened import console
from service.core import encryption, kept_secrets, signing_keys
from service.core.db import Database

app = typer.Typer(help="Keys that webhooks' secrets are encrypted with.", no_args_is_help=True, add_completion=False)


@app.command("new")
def new() -> None:
    """Print a new key for GATEPOST_SECRET_KEYS."""
    print(encryption.new_key())


@app.command("rotate")
def rotate() -> None:
    """Encrypt every secret with the newest key, while Gatepost runs; then the older keys can go."""
    with opened.database() as database:
        _rotate(database)
    console.print("Every secret is encrypted with the newest key.")


def check() -> None:
    """Refuse to start without the keys of what is stored. A database that is away is asked by those who need it.

    Raises MissingSecretKeysError, InvalidSecretKeysError or WrongSecretKeysError.
    """
    with opened.database() as database:
        database.keyring.check()
        try:
            with database.reading() as session:
                signing_keys.check(session)
                kept_secrets.check(session)
        except OperationalError:
            return


def take_over() -> None:
    """After a migration: refuse wrong keys as `check` does, then encrypt what an older version has stored in plain."""
    check()
    with opened.database() as database:
        _encrypt_anew(database, only_plain=True)


def _rotate(database: Database) -> None:
    # A key of our own, in a file, gives its place to a new one; others work meanwhile, so both are there till the end.
    ours = database.keyring.file is not None and database.keyring.file.exists()
    if ours:
        database.keyring.put_first(encryption.new_key())
    check()
    _encrypt_anew(database)
    with database.transaction() as session:
        kept_secrets.encrypt_anew(session)
    if ours:
        database.keyring.keep_first()


def _encrypt_anew(database: Database, *, only_plain: bool = False) -> None:
    after = None
    while True:
        with database.transaction() as session:
            after = signing_keys.encrypt_anew(session, after, only_plain=only_plain)
        if after is None:
            return
