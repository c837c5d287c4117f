"""Invitations to moderate a site: a link that is shown once, for a week, and for one person."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import db, errors, moderators
from service.core.models import Invitation, Moderator, Role

VALID_FOR = timedelta(days=7)


def invite(session: Session, site_id: UUID, email: str, role: Role, invited_by: str) -> str:
    """The token that whoever has this address needs; one that they had for this site before opens nothing any more."""
    token, now = secrets.token_urlsafe(32), db.now(session)
    address = email.strip().casefold()
    for row in listed(session, site_id):
        if row.email == address:
            session.delete(row)
    session.add(
        Invitation(
            token_hash=_hash(token),
            site_id=site_id,
            email=address,
            role=role,
            invited_by=invited_by,
            created_at=now,
            expires_at=now + VALID_FOR,
        )
    )
    return token


def listed(session: Session, site_id: UUID) -> Sequence[Invitation]:
    """The site's open invitations, the newest first, with those that have expired."""
    query = select(Invitation).where(col(Invitation.site_id) == site_id)
    return session.exec(query.order_by(col(Invitation.created_at).desc())).all()


def withdraw(session: Session, site_id: UUID, token_hash: str) -> None:
    """Raises NotFoundError."""
    row = session.get(Invitation, token_hash)
    if row is None or row.site_id != site_id:
        raise errors.NotFoundError("There is no such invitation.")
    session.delete(row)


def find(session: Session, token: str) -> Invitation:
    """Raises NotFoundError when it was taken, withdrawn, or has expired."""
    row = session.get(Invitation, _hash(token))
    if row is None or row.expires_at <= db.now(session):
        raise errors.NotFoundError("This invitation holds no longer. Ask for another one.")
    return row


def accept(session: Session, token: str, moderator: Moderator) -> None:
    """The moderator joins the site. Raises NotFoundError, for another's invitation as well."""
    # Two who come with the same link take turns, and the second finds nothing.
    session.exec(select(Invitation).where(col(Invitation.token_hash) == _hash(token)).with_for_update()).first()
    invitation = find(session, token)
    if moderator.email != invitation.email:
        raise errors.NotFoundError("This invitation holds no longer. Ask for another one.")
    moderators.join(session, moderator, invitation.site_id, invitation.role)
    session.delete(invitation)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
