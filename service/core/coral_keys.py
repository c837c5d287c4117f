"""Keys of Coral's external moderation phases: Coral makes the secret, and signs with it what it asks."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import db, kept_secrets, keys
from service.core.keys import Holder
from service.core.models import CoralKey, Key, Scope, Site

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")


class Phase(NamedTuple):
    """A phase at a Coral: who it is here, and what it signs with."""

    holder: Holder
    secret: str


def create(session: Session, site_id: UUID, secret: str) -> Key:
    """A key that opens the Coral door alone. Its public id is in the phase's address, its secret is Coral's."""
    key = keys.without_bearer(session, site_id, Scope.SUBMIT, "Coral")
    session.add(CoralKey(key_id=key.id, secret=db.keyring(session).encrypt(secret)))
    session.flush()
    return key


def listed(session: Session, site_id: UUID) -> Sequence[str]:
    """The public ids of the site's Coral keys."""
    query = select(CoralKey.key_id).join(Key, col(CoralKey.key_id) == Key.id)
    return session.exec(query.where(col(Key.site_id) == site_id)).all()


def find(session: Session, key_id: str) -> Phase | None:
    """The live key of this public id."""
    query = select(CoralKey, Key, Site).join(Key, col(CoralKey.key_id) == Key.id).join(Site)
    found = session.exec(query.where(col(CoralKey.key_id) == key_id)).first()
    if found is None or not keys.is_live(session, found[1]):
        return None
    row, key, site = found
    return Phase(Holder(key, site), kept_secrets.text(session, row))


def address(public_url: str, key_id: str) -> str:
    """The callback URL that Coral's phase needs."""
    return f"{public_url}/coral/{key_id}"


def is_signed(secret: str, body: bytes, header: str) -> bool:
    """Whether `X-Coral-Signature` has a signature of the body: `sha256=<hex>`, several while Coral's secret is rolled.

    Source: coralproject/talk, WEBHOOKS.md, "Webhook Signing".
    """
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(expected, signature) for signature in _SIGNATURE.findall(header))
