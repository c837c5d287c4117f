"""Moderators: who they are, which sites are theirs, and whether it is their password."""

import secrets
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from uuid import UUID

import argon2
from sqlmodel import Session, col, func, select

from service.core import account_log, comments, console_sessions, db, errors
from service.core.account_log import Action
from service.core.models import Membership, Moderator, Role, Site

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
    account_log.OPERATOR: "The operator",
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
    if find(session, email):
        raise errors.ConflictError(f"There is a moderator {email} already.")
    moderator = Moderator(email=email.strip().casefold(), name=name, password_hash=hashed(password))
    session.add(moderator)
    session.flush()
    return moderator


def hashed(password: str) -> str:
    """What is stored of a new password. Slow by design. Raises InvalidPasswordError when it is too short."""
    if len(password) not in _PASSWORD_LENGTHS:
        raise errors.InvalidPasswordError
    return _HASHING.submit(_HASHER.hash, password).result()


def change_password(session: Session, moderator: Moderator, password_hash: str) -> None:
    """To the one of this hash; all sessions of the moderator end."""
    session.get_one(Moderator, moderator.id).password_hash = password_hash
    console_sessions.end_all(session, moderator.id)
    account_log.record(session, moderator.id, Action.PASSWORD_CHANGED, actor(moderator))


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


def administered_by(session: Session, admin_of: Collection[UUID], moderator_ids: Collection[UUID]) -> set[UUID]:
    """Which of these moderators have no place but at these sites: what is done with their account is no other's."""
    elsewhere = select(Membership.moderator_id).where(
        col(Membership.moderator_id).in_(moderator_ids), col(Membership.site_id).not_in(admin_of)
    )
    others = session.exec(elsewhere).all()
    return set(moderator_ids).difference(others)


def admins_everywhere(session: Session) -> Sequence[Moderator]:
    """The admins of the installation: whoever is one at every site that there is."""
    sites = select(func.count()).select_from(Site).scalar_subquery()
    admins = select(Membership.moderator_id).where(col(Membership.role) == Role.ADMIN)
    everywhere = admins.group_by(col(Membership.moderator_id)).having(func.count() == sites)
    return session.exec(select(Moderator).where(col(Moderator.id).in_(everywhere))).all()


def listed(session: Session) -> Sequence[Moderator]:
    return session.exec(select(Moderator).order_by(col(Moderator.email))).all()


def may_enter(moderator: Moderator | None, password: str) -> bool:
    """Whether the password is the moderator's. Slow by design, so no session: nobody should wait for it.

    Raises BusyError when too many ask at once. An unknown moderator costs the same time as a wrong password.
    """
    right = _verify(moderator.password_hash if moderator else _NOBODY, password)
    return right and moderator is not None and moderator.disabled_at is None


def _verify(password_hash: str, password: str) -> bool:
    verified = _HASHING.submit(_HASHER.verify, password_hash, password)
    try:
        wait([verified], _PATIENCE_SECONDS)
        if verified.cancel():
            raise errors.BusyError
        return verified.result()
    except argon2.exceptions.VerifyMismatchError:
        return False
