"""The bearer keys of a site: what they open, for how long, and when they were last used."""

import hashlib
import hmac
import secrets
import string
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from service.core import db, errors
from service.core.models import Key, Scope, Site

_ALPHABET = string.ascii_lowercase + string.digits
_GRANTS = {
    Scope.SUBMIT: {Scope.SUBMIT},
    Scope.READ: {Scope.READ},
    Scope.ADMIN: set(Scope),
}
# Not on every request: a write an hour tells well enough which keys are in use.
_NOTED_EVERY = timedelta(hours=1)


class Holder(NamedTuple):
    """What a bearer opens, and by which key."""

    key: Key
    site: Site


def issue(session: Session, site_id: UUID, scope: Scope, name: str = "", expires_at: datetime | None = None) -> str:
    """A new bearer key `gp_<id>_<secret>`, which nobody can read again: only its hash is kept.

    Raises InvalidKeyError when it would have expired already.
    """
    now = db.now(session)
    if expires_at is not None and expires_at <= now:
        raise errors.InvalidKeyError
    key = without_bearer(session, site_id, scope, name)
    key.expires_at = expires_at
    secret = secrets.token_urlsafe(32)
    key.secret_hash = _hash(secret)
    session.flush()
    return f"gp_{key.id}_{secret}"


def without_bearer(session: Session, site_id: UUID, scope: Scope, name: str) -> Key:
    """A key that no bearer opens: its secret has a form of its own, kept elsewhere. Used, listed and revoked as any."""
    key_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    # No hash is empty.
    key = Key(id=key_id, site_id=site_id, secret_hash="", scope=scope, name=name, created_at=db.now(session))
    session.add(key)
    session.flush()
    return key


def public_id(bearer: str) -> str:
    """The part of a key that may be shown: it names the key and opens nothing."""
    return bearer.removeprefix("gp_").partition("_")[0]


def authenticate(session: Session, bearer: str, needed: Scope) -> Key:
    """The key, which opens its site.

    Raises UnauthorizedError for a key that is malformed, unknown, revoked or expired, ForbiddenError when its scope is
    short.
    """
    found = authenticate_each(session, {bearer}, needed)[bearer]
    if isinstance(found, errors.GatepostError):
        raise found
    return found.key


def authenticate_each(
    session: Session, bearers: Collection[str], needed: Scope
) -> dict[str, Holder | errors.GatepostError]:
    """Each bearer's key and site, or what `authenticate` would raise for it; in one query."""
    # No key of ours has other characters, and not every string is one that the database can be asked for.
    ids = {public_id(bearer) for bearer in bearers if bearer.startswith("gp_")}
    well_formed = [key_id for key_id in ids if key_id.isascii() and key_id.isalnum()]
    query = select(Key, Site).join(Site).where(col(Key.id).in_(well_formed))
    known = {key.id: Holder(key, site) for key, site in session.exec(query)} if well_formed else {}
    return {bearer: _checked(session, bearer, known.get(public_id(bearer)), needed) for bearer in bearers}


def _checked(session: Session, bearer: str, holder: Holder | None, needed: Scope) -> Holder | errors.GatepostError:
    key = holder and holder.key
    secret = bearer.removeprefix(f"gp_{public_id(bearer)}_")
    # Compared even for an unknown key, so that the time tells nothing.
    matches = hmac.compare_digest(_hash(secret), key.secret_hash if key else _hash(""))
    if holder is None or not matches or not is_live(session, holder.key):
        return errors.UnauthorizedError()
    if needed not in _GRANTS[holder.key.scope]:
        return errors.ForbiddenError(f"This key has the scope “{holder.key.scope}”; this needs “{needed}”.")
    return holder


def is_use_news(session: Session, key: Key) -> bool:
    """Whether it was not noted within the hour that the key is in use."""
    return key.last_used_at is None or db.now(session) - key.last_used_at >= _NOTED_EVERY


def note_use(session: Session, key_id: str) -> None:
    now = db.now(session)
    # Asked again: of many requests at once, one writes.
    stale = or_(col(Key.last_used_at).is_(None), col(Key.last_used_at) <= now - _NOTED_EVERY)
    session.execute(update(Key).where(col(Key.id) == key_id, stale).values(last_used_at=now))


def listed(session: Session, site_id: UUID) -> Sequence[Key]:
    """The site's keys, newest first, with those that open nothing any more."""
    query = select(Key).where(col(Key.site_id) == site_id).order_by(col(Key.created_at).desc(), col(Key.id))
    return session.exec(query).all()


def revoke(session: Session, key_id: str, site_id: UUID | None = None) -> None:
    """From now on the key of this public id opens nothing.

    Raises NotFoundError, for a key of another site than `site_id` as well.
    """
    key = session.get(Key, key_id)
    if key is None or site_id not in {None, key.site_id}:
        raise errors.NotFoundError(f"There is no key “{key_id}”.")
    # When it ended is told by the first time.
    key.revoked_at = key.revoked_at or db.now(session)


def is_live(session: Session, key: Key) -> bool:
    return key.revoked_at is None and (key.expires_at is None or db.now(session) < key.expires_at)


def _hash(secret: str) -> str:
    # A plain hash is enough for 256 random bits, which nobody can guess; a slow one is for passwords.
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
