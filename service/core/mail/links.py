"""Links in mails that open without a log-in: each lets one moderator do one thing, until it expires.

A link is encrypted and signed with the keys of the database's secrets (Fernet: AES-128-CBC, HMAC-SHA256), so whoever
holds it learns no id from it and can make no other.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError
from sqlmodel import Session

from service.core import db, errors, moderators, second_factors
from service.core.models import Category, Comment, Membership, Moderator, Role, Status
from service.core.settings import Settings

VALID_FOR = timedelta(hours=72)


class InvalidLinkError(errors.GatepostError):
    """This link is not whole, or not one of ours. Copy all of it from the mail."""


class ExpiredLinkError(errors.GatepostError):
    """This link has expired. What is still held waits in the console."""


class RevokedLinkError(errors.GatepostError):
    """This link holds no longer: your account or your role has changed since. Log in to the console instead."""


class _Link(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    moderator_id: UUID


class Decide(_Link):
    """Lets one verdict be given on one comment, as it was when the mail was made."""

    kind: Literal["decide"] = "decide"
    comment_id: UUID
    sequence: int
    # Why it is rejected; none: it is approved.
    category: Category | None = None
    account: str
    expires_at: datetime


class Unsubscribe(_Link):
    """Ends a moderator's digests of a site. For ever: mails are kept for long."""

    kind: Literal["unsubscribe"] = "unsubscribe"
    site_id: UUID


@dataclass(frozen=True)
class Opened:
    """A link that holds, with whom and what it is about."""

    link: Decide
    moderator: Moderator
    comment: Comment

    @property
    def waits(self) -> bool:
        """Whether the comment still is what the mail has shown."""
        return self.comment.status == Status.HELD and self.comment.sequence == self.link.sequence


def to_decide(session: Session, moderator: Moderator, comment: Comment, category: Category | None) -> str:
    link = Decide(
        moderator_id=moderator.id,
        comment_id=comment.id,
        sequence=comment.sequence,
        category=category,
        account=account(moderator),
        expires_at=db.now(session) + VALID_FOR,
    )
    return _seal(session, link)


def to_unsubscribe(session: Session, moderator: Moderator, site_id: UUID) -> str:
    return _seal(session, Unsubscribe(moderator_id=moderator.id, site_id=site_id))


def are_enough(session: Session, moderator: Moderator, settings: Settings) -> bool:
    """Whether the moderator may decide by a link alone: not where more than a password is asked of them elsewhere."""
    roles = [role for _, role in moderators.memberships(session, moderator)]
    return not second_factors.is_demanded(settings, roles)


def open_decide(session: Session, token: str, settings: Settings) -> Opened:
    """Raises InvalidLinkError, ExpiredLinkError, RevokedLinkError, and NotFoundError when the comment is erased."""
    try:
        link = Decide.model_validate_json(_unseal(session, token))
    except ValidationError:
        raise InvalidLinkError from None
    if link.expires_at <= db.now(session):
        raise ExpiredLinkError
    comment, moderator = session.get(Comment, link.comment_id), session.get(Moderator, link.moderator_id)
    if comment is None:
        raise errors.NotFoundError("The comment has been erased meanwhile.")
    if moderator is None or account(moderator) != link.account or not are_enough(session, moderator, settings):
        raise RevokedLinkError
    if deciding_role(session, moderator, comment.site_id) is None:
        raise RevokedLinkError
    return Opened(link, moderator, comment)


def read_unsubscribe(session: Session, token: str) -> Unsubscribe:
    """Raises InvalidLinkError."""
    try:
        return Unsubscribe.model_validate_json(_unseal(session, token))
    except ValidationError:
        raise InvalidLinkError from None


def deciding_role(session: Session, moderator: Moderator, site_id: UUID) -> Role | None:
    """The moderator's role at the site, if it lets them decide there now."""
    place = session.get(Membership, (moderator.id, site_id))
    if place is None or moderator.disabled_at is not None:
        return None
    role = Role(place.role)
    return role if role.includes(Role.MODERATOR) else None


def account(moderator: Moderator) -> str:
    """Changes with the address and the password: who changes one because others read their mail, ends its links."""
    return hashlib.sha256(f"{moderator.email}\n{moderator.password_hash}".encode()).hexdigest()[:16]


def _seal(session: Session, link: _Link) -> str:
    return db.keyring(session).encrypt(link.model_dump_json())


def _unseal(session: Session, token: str) -> str:
    try:
        # Fernet raises ValueError for letters that no token of its own has.
        return db.keyring(session).decrypt(token)
    except (errors.WrongSecretKeysError, ValueError):
        raise InvalidLinkError from None
