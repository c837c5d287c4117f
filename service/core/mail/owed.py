"""Mails that are owed, and who sends which: rows, as in the outbox, but nobody rings for them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
import uuid_utils.compat
from sqlalchemy import ColumnElement, delete, exists, update
from sqlmodel import Session, col, select

from service.core import db, moderators
from service.core.models import Endpoint, Mail, MailKind, Role

log = structlog.get_logger()

# Longer than a slow server takes for one mail.
_LEASE = timedelta(minutes=10)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# What could not be sent until then helps nobody any more.
KEEP = timedelta(days=3)


def owe(
    session: Session, kind: MailKind, site_id: UUID, moderator_id: UUID | None, about: Mapping[str, Any] | None = None
) -> None:
    now = db.now(session)
    mail = Mail(kind=kind, site_id=site_id, moderator_id=moderator_id, created_at=now, due_at=now)
    mail.about = dict(about or {})
    session.add(mail)


def owe_notices(session: Session, endpoint: Endpoint) -> None:
    """Tell the site's admins that this endpoint was disabled."""
    for moderator, role in moderators.members(session, endpoint.site_id):
        if role == Role.ADMIN:
            owe(session, MailKind.ENDPOINT, endpoint.site_id, moderator.id, {"endpoint_id": str(endpoint.id)})


def owe_invitation(session: Session, site_id: UUID, token: str, language: str) -> None:
    """Send the link to whoever is invited. Without the keys of the database's secrets nobody can read it here."""
    about = {"token": db.keyring(session).encrypt(token), "language": language}
    owe(session, MailKind.INVITATION, site_id, None, about)


def is_due(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(col(Mail.due_at) <= db.now(session)))))


def claim(session: Session) -> Mail | None:
    """Take the mail that has been due for the longest; it is mine until its lease ends.

    A digest whose sender has died over it may have been sent: it is dropped, and the next one says the same.
    """
    now = db.now(session)
    due = select(Mail).where(col(Mail.due_at) <= now).order_by(col(Mail.due_at)).limit(1)
    mail = session.exec(due.with_for_update(skip_locked=True)).first()
    if mail is None:
        return None
    if mail.lease and mail.kind == MailKind.DIGEST:
        log.warning("mail.dropped", kind=mail.kind, mail_id=str(mail.id))
        session.delete(mail)
        return claim(session)
    mail.lease, mail.due_at = uuid_utils.compat.uuid4(), now + _LEASE
    mail.attempts += 1
    session.add(mail)
    return mail


def finish(session: Session, mail: Mail) -> None:
    """It is sent, or nothing is to be said any more."""
    session.execute(delete(Mail).where(_mine(mail)))


def postpone(session: Session, mail: Mail, error: str) -> None:
    """Try again later, each time after twice as long."""
    wait = min(_FIRST_WAIT * (1 << min(mail.attempts - 1, 10)), _LONGEST_WAIT)
    later = {"due_at": db.now(session) + wait, "lease": None, "error": error[:500]}
    session.execute(update(Mail).where(_mine(mail)).values(**later))


def trouble(session: Session) -> str | None:
    """Why mails wait, in the words of the latest failure; None when none does."""
    failed = select(Mail.error).where(col(Mail.error).is_not(None)).order_by(col(Mail.id).desc()).limit(1)
    return session.exec(failed).first()


def _mine(mail: Mail) -> ColumnElement[bool]:
    return (col(Mail.id) == mail.id) & (col(Mail.lease) == mail.lease)
