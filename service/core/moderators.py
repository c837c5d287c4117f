"""Moderators: who they are, which sites are theirs, and whether they are logged in."""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from uuid import UUID

import argon2
from sqlmodel import Session, col, select

from service.core import comments, db, errors
from service.core.models import ConsoleSession, Membership, Moderator, Role, Site

# OWASP's floor for argon2id: 19 MiB, two passes, one lane.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))
_ACTOR = "moderator:"
_OTHERS = {
    comments.POLICY: "The policy",
    comments.SITE: "The blog",
    comments.IMPORT: "The import",
    "retention": "Retention",
    "system": "Gatepost",
}
# NIST SP 800-63B-4 and ASVS 5.0, 6.2: long, and otherwise as one likes.
_PASSWORD_LENGTHS = range(12, 1001)
# A hash costs memory: a flood of logins must not cost all of it. In threads of their own, because the C library keeps
# what a thread has freed for that thread: else each of the web's forty would keep its 19 MiB.
_PATIENCE_SECONDS = 1
_HASHING = ThreadPoolExecutor(2, thread_name_prefix="password")


def create(session: Session, email: str, name: str, password: str) -> Moderator:
    """A new moderator, of no site yet.

    Raises ConflictError when the e-mail address has one, InvalidPasswordError when the password is too short.
    """
    if len(password) not in _PASSWORD_LENGTHS:
        raise errors.InvalidPasswordError
    if find(session, email):
        raise errors.ConflictError(f"There is a moderator {email} already.")
    password_hash = _HASHING.submit(_HASHER.hash, password).result()
    moderator = Moderator(email=email.strip().casefold(), name=name, password_hash=password_hash)
    session.add(moderator)
    session.flush()
    return moderator


def disable(session: Session, email: str) -> None:
    """From now on the moderator is logged out and stays out."""
    get(session, email).disabled_at = db.now(session)


def join(session: Session, moderator: Moderator, site_id: UUID, role: Role = Role.MODERATOR) -> None:
    """The moderator has this role at the site, from their next click on, whatever they had before."""
    session.merge(Membership(moderator_id=moderator.id, site_id=site_id, role=role))


def leave(session: Session, moderator: Moderator, site_id: UUID) -> None:
    """The site is no longer the moderator's, from their next click on. Raises NotFoundError when it never was."""
    membership = session.get(Membership, (moderator.id, site_id))
    if membership is None:
        raise errors.NotFoundError(f"{moderator.email} is no moderator of this site.")
    session.delete(membership)


def memberships(session: Session, moderator: Moderator) -> Sequence[tuple[Site, Role]]:
    """The moderator's sites by name, with the role that they have there."""
    joined = select(Site, Membership.role).join(Membership, col(Membership.site_id) == col(Site.id))
    mine = joined.where(col(Membership.moderator_id) == moderator.id).order_by(col(Site.name))
    return [(site, Role(role)) for site, role in session.exec(mine)]


def actor(moderator: Moderator) -> str:
    """Who it was, for decisions and the audit log: a pseudonym, since webhooks carry it and the log outlives names."""
    return actor_of(moderator.id)


def actor_of(moderator_id: UUID) -> str:
    return f"{_ACTOR}{moderator_id}"


def name_of(session: Session, actor: str | None) -> str:
    """The name behind a decision's `decided_by`, for other moderators to read."""
    return names_of(session, {actor})[actor]


def names_of(session: Session, actors: Collection[str | None]) -> dict[str | None, str]:
    """The name behind each, for other moderators to read."""
    ids = [_id_of(actor) for actor in actors]
    found = session.exec(select(Moderator.id, Moderator.name).where(col(Moderator.id).in_(filter(None, ids)))).all()
    names: dict[UUID | None, str] = dict(found)
    return {
        actor: names.get(id_, "A former moderator") if id_ else _OTHERS.get(actor or "", "Somebody")
        for actor, id_ in zip(actors, ids, strict=True)
    }


def _id_of(actor: str | None) -> UUID | None:
    return UUID(actor.removeprefix(_ACTOR)) if actor and actor.startswith(_ACTOR) else None


def find(session: Session, email: str) -> Moderator | None:
    return session.exec(select(Moderator).where(col(Moderator.email) == email.strip().casefold())).first()


def get(session: Session, email: str) -> Moderator:
    """The moderator of this e-mail address. Raises NotFoundError."""
    moderator = find(session, email)
    if moderator is None:
        raise errors.NotFoundError(f"There is no moderator {email}.")
    return moderator


def of_sites(session: Session, site_ids: Collection[UUID]) -> Sequence[Moderator]:
    """Whoever has a place at one of these sites, by name."""
    members = select(Membership.moderator_id).where(col(Membership.site_id).in_(site_ids))
    return session.exec(select(Moderator).where(col(Moderator.id).in_(members)).order_by(col(Moderator.name))).all()


def members(session: Session, site_id: UUID) -> Sequence[tuple[Moderator, Role]]:
    """Whoever has a place at the site, by name, and which."""
    joined = select(Moderator, Membership.role).join(Membership, col(Membership.moderator_id) == col(Moderator.id))
    here = joined.where(col(Membership.site_id) == site_id).order_by(col(Moderator.name), col(Moderator.email))
    return [(moderator, Role(role)) for moderator, role in session.exec(here)]


def listed(session: Session) -> Sequence[Moderator]:
    return session.exec(select(Moderator).order_by(col(Moderator.email))).all()


def may_enter(moderator: Moderator | None, password: str) -> bool:
    """Whether the password is the moderator's. Slow by design, so no session: nobody should wait for it.

    Raises BusyError when too many ask at once. An unknown moderator costs the same time as a wrong password.
    """
    right = _verify(moderator.password_hash if moderator else _NOBODY, password)
    return right and moderator is not None and moderator.disabled_at is None


def log_in(session: Session, moderator: Moderator) -> str:
    """The token of a new session."""
    token = secrets.token_urlsafe(32)
    now = db.now(session)
    session.add(
        ConsoleSession(
            token_hash=_hash(token),
            moderator_id=moderator.id,
            created_at=now,
            seen_at=now,
        )
    )
    return token


def current(session: Session, token: str, *, idle: timedelta, length: timedelta, awake: bool = True) -> Moderator:
    """Who holds the token. Raises UnauthorizedError when the session is unknown, has been idle or open for too long.

    A page that asks by itself is not `awake`: it does not keep the session from becoming idle.
    """
    row = session.get(ConsoleSession, _hash(token))
    now = db.now(session)
    if row is None or now - row.seen_at > idle or now - row.created_at > length:
        raise errors.UnauthorizedError("Please log in.")
    moderator = session.get_one(Moderator, row.moderator_id)
    if moderator.disabled_at is not None:
        raise errors.UnauthorizedError("Please log in.")
    # Not on every click: a write a minute tells idleness well enough.
    if awake and now - row.seen_at > timedelta(minutes=1):
        row.seen_at = now
    return moderator


def csrf_token(token: str) -> str:
    """What a session's forms carry: who knows the session's token can tell it, and it does not tell the token."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def log_out(session: Session, token: str) -> None:
    if row := session.get(ConsoleSession, _hash(token)):
        session.delete(row)


def _verify(password_hash: str, password: str) -> bool:
    verified = _HASHING.submit(_HASHER.verify, password_hash, password)
    try:
        wait([verified], _PATIENCE_SECONDS)
        if verified.cancel():
            raise errors.BusyError
        return verified.result()
    except argon2.exceptions.VerifyMismatchError:
        return False


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
