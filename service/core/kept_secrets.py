"""Rows that keep one secret each, encrypted: reading it, checking that it can be read, encrypting it anew."""

from typing import Any

from sqlalchemy import inspect
from sqlmodel import Session, select

from service.core import db
from service.core.models import AkismetKey, CoralKey, SecondFactor

Keeper = AkismetKey | CoralKey | SecondFactor
# There is about one row for each site or moderator.
_KINDS: tuple[Any, ...] = (AkismetKey, CoralKey, SecondFactor)


def text(session: Session, row: Keeper) -> str:
    return db.keyring(session).decrypt(row.secret)


def check(session: Session) -> None:
    """Raises what `Keyring` raises when a stored secret cannot be read with this database's keyring."""
    for kind in _KINDS:
        for row in session.exec(select(kind)):
            text(session, row)


def encrypt_anew(session: Session) -> None:
    """Encrypt all with the newest key."""
    for kind in _KINDS:
        # One order for all who lock them.
        for row in session.exec(select(kind).order_by(*inspect(kind).primary_key).with_for_update()):
            row.secret = db.keyring(session).encrypt(text(session, row))
