"""The keys that sign an endpoint's webhooks: several at once while they rotate, each encrypted at rest."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, or_, select

from service.core import db, encryption, errors, signing
from service.core.models import Endpoint, SigningKey
from service.core.signing import Scheme

# While keys rotate, the receiver may hold the old one or the new one.
OVERLAP = timedelta(hours=24)
# Each adds to the header of every webhook.
_MOST_ENDING = 10
_CHUNK = 500


def add(session: Session, endpoint: Endpoint, schemes: Collection[Scheme]) -> None:
    """A new key for each scheme."""
    for scheme in schemes:
        secret = signing.new_secret(scheme)
        key = SigningKey(
            site_id=endpoint.site_id,
            endpoint_id=endpoint.id,
            secret=db.keyring(session).encrypt(secret),
            public_key=signing.public_key(secret),
            created_at=db.now(session),
        )
        session.add(key)
    session.flush()


def rotate(
    session: Session, endpoint: Endpoint, schemes: Collection[Scheme] | None = None, overlap: timedelta = OVERLAP
) -> None:
    """New keys, for these schemes or those in use; the ones before sign as well until the overlap has passed.

    Keys that end already keep their own end. Raises ConflictError when too many are live.
    """
    keys = session.exec(select(SigningKey).where(col(SigningKey.endpoint_id) == endpoint.id).with_for_update()).all()
    current = [key for key in keys if key.ends_at is None]
    now = db.now(session)
    for key in keys:
        if key.ends_at is None:
            key.ends_at = now + overlap
        if key.ends_at <= now:
            session.delete(key)
    if sum(key.ends_at is not None and key.ends_at > now for key in keys) > _MOST_ENDING:
        raise errors.ConflictError("Too many keys of this endpoint are live; wait until the oldest has ended.")
    add(session, endpoint, schemes or _schemes(current))


def current(session: Session, endpoint_ids: Collection[UUID]) -> dict[UUID, list[SigningKey]]:
    """The keys in use of each endpoint, without those that end."""
    return _by_endpoint(session, endpoint_ids, live=False)


def live(session: Session, endpoint_ids: Collection[UUID]) -> dict[UUID, list[SigningKey]]:
    """The keys of each endpoint that sign now, the newest first."""
    return _by_endpoint(session, endpoint_ids, live=True)


def shared_secret(session: Session, endpoint: Endpoint) -> str | None:
    """The `whsec_…` in use, for its receiver; None when the endpoint signs with a private key alone."""
    keys = current(session, [endpoint.id])[endpoint.id]
    return next((db.keyring(session).decrypt(key.secret) for key in keys if key.public_key is None), None)


def check(session: Session) -> None:
    """Raises what `Keyring` raises when a stored key cannot be read with this database's keyring."""
    keyring = db.keyring(session)
    keyring.check()
    for secret in session.exec(select(SigningKey.secret).execution_options(yield_per=_CHUNK)):
        keyring.decrypt(secret)


def encrypt_anew(session: Session, after: UUID | None = None, *, only_plain: bool = False) -> UUID | None:
    """Encrypt the next 500 with the newest key; the last one's id, None when there are no more.

    `only_plain`: those from before secrets were encrypted.
    """
    keyring = db.keyring(session)
    query = select(SigningKey).order_by(col(SigningKey.id)).limit(_CHUNK).with_for_update()
    if after is not None:
        query = query.where(col(SigningKey.id) > after)
    if only_plain:
        query = query.where(col(SigningKey.secret).startswith(encryption.PLAIN, autoescape=True))
    keys = session.exec(query).all()
    for key in keys:
        key.secret = keyring.encrypt(keyring.decrypt(key.secret))
    return keys[-1].id if keys else None


def _schemes(keys: Sequence[SigningKey]) -> list[Scheme]:
    return [Scheme.V1 if key.public_key is None else Scheme.V1A for key in keys]


def _by_endpoint(session: Session, endpoint_ids: Collection[UUID], *, live: bool) -> dict[UUID, list[SigningKey]]:
    ended = col(SigningKey.ends_at)
    wanted = or_(ended.is_(None), ended > db.now(session)) if live else ended.is_(None)
    query = select(SigningKey).where(col(SigningKey.endpoint_id).in_(endpoint_ids), wanted)
    found: dict[UUID, list[SigningKey]] = {endpoint_id: [] for endpoint_id in endpoint_ids}
    for key in session.exec(query.order_by(col(SigningKey.id).desc())):
        found[key.endpoint_id].append(key)
    return found
