"""Keys of Akismet's form: twelve characters, which clients send in clear and our webhook to WordPress shows them.

They are kept encrypted, as the secrets of webhooks are. A row is found by sixteen bits of its key's hash: who reads the
table learns no more of the other 46 than that, and cannot try keys without asking us.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import db, destinations, errors, kept_secrets, keys
from service.core.keys import Holder
from service.core.models import AkismetKey, HeldAsSpam, Key, Scope, Site

# WordPress refuses any other before it asks (Akismet 5.0.2 to 5.7.2, `verify_key`).
_FORM = re.compile("[0-9a-z]{12}")
_ALPHABET = string.digits + string.ascii_lowercase
_SIXTEEN_BITS = 2


class Client(NamedTuple):
    """Who asks: the holder of an Akismet key, and how it wants to be answered."""

    key: Key
    site: Site
    akismet: AkismetKey

    @property
    def holder(self) -> Holder:
        return Holder(self.key, self.site)


def issue(
    session: Session,
    site: Site,
    *,
    blog: str | None = None,
    held_as_spam: HeldAsSpam = HeldAsSpam.NONE,
    allow_private: bool = False,
) -> str:
    """A new key of twelve characters (62 bits). It opens the Akismet door alone.

    `blog` is the address of the blog, which is then told later decisions. Raises InvalidWebhookUrlError when nothing
    may be sent there.
    """
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    key = keys.without_bearer(session, site.id, Scope.SUBMIT, "Akismet client")
    row = AkismetKey(
        key_id=key.id,
        fingerprint=_fingerprint(secret),
        secret=db.keyring(session).encrypt(secret),
        blog=blog and origin(blog, allow_private=allow_private),
        held_as_spam=held_as_spam,
    )
    session.add(row)
    session.flush()
    return secret


def has_form(text: str) -> bool:
    return _FORM.fullmatch(text) is not None


def find(session: Session, candidates: Iterable[str]) -> Client | None:
    """The client of the first of these that is a live key."""
    for candidate in candidates:
        if has_form(candidate) and (found := _find(session, candidate)):
            return found
    return None


def _find(session: Session, candidate: str) -> Client | None:
    query = select(AkismetKey, Key, Site).join(Key, col(AkismetKey.key_id) == Key.id).join(Site)
    query = query.where(col(AkismetKey.fingerprint) == _fingerprint(candidate))
    for row, key, site in session.exec(query):
        if hmac.compare_digest(kept_secrets.text(session, row), candidate) and keys.is_live(session, key):
            return Client(key, site, row)
    return None


def listed(session: Session, site_id: UUID) -> Sequence[tuple[AkismetKey, Key]]:
    """The site's Akismet keys, newest first, with those that open nothing any more."""
    query = select(AkismetKey, Key).join(Key, col(AkismetKey.key_id) == Key.id).where(col(Key.site_id) == site_id)
    return session.exec(query.order_by(col(Key.created_at).desc())).all()


def named(session: Session, key_id: str) -> AkismetKey:
    """The Akismet key of this public id. Raises NotFoundError."""
    row = session.get(AkismetKey, key_id)
    if row is None:
        raise errors.NotFoundError(f"There is no Akismet key “{key_id}”.")
    return row


def origin(blog: str, *, allow_private: bool) -> str:
    """`https://blog.example.org/about` -> `https://blog.example.org`. Raises InvalidWebhookUrlError."""
    to = destinations.parse(blog, allow_private=allow_private)
    return f"{to.scheme}://{to.authority}"


def _fingerprint(secret: str) -> int:
    return int.from_bytes(hashlib.sha256(secret.encode()).digest()[:_SIXTEEN_BITS])
