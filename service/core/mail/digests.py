"""Digests: who wants to hear how often what is held at a site, and what that is."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists
from sqlmodel import Session, col, select

from service.core import db, moderators, queues
from service.core.mail import links, owed
from service.core.models import Comment, Digest, Frequency, Mail, MailKind, Moderator, Role
from service.core.queues import Queue, Reader, Wanted

PERIODS = {Frequency.HOURLY: timedelta(hours=1), Frequency.DAILY: timedelta(days=1)}
# More than this belongs in the console.
MOST = 10


def choose(session: Session, moderator_id: UUID, site_id: UUID, frequency: Frequency | None) -> None:
    """From now on so often, the first time when a period is over; None: never. The same again changes nothing."""
    digest = session.get(Digest, (moderator_id, site_id))
    if digest is not None and frequency is None:
        session.execute(delete(Mail).where(_of(digest)))
        session.delete(digest)
    elif frequency is not None and (digest is None or digest.frequency != frequency):
        due_at = db.now(session) + PERIODS[frequency]
        session.merge(Digest(moderator_id=moderator_id, site_id=site_id, frequency=frequency, due_at=due_at))


def chosen(session: Session, moderator_id: UUID) -> Mapping[UUID, Frequency]:
    """How often the moderator hears of each site; the others never."""
    mine = select(Digest).where(col(Digest.moderator_id) == moderator_id)
    return {digest.site_id: Frequency(digest.frequency) for digest in session.exec(mine)}


def are_due(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(col(Digest.due_at) <= db.now(session)))))


def owe_due(session: Session) -> None:
    """Owe the digests whose time has come: one for each period, and none while the one before is not sent."""
    now = db.now(session)
    due = select(Digest).where(col(Digest.due_at) <= now).with_for_update(skip_locked=True)
    for digest in session.exec(due).all():
        period = PERIODS[Frequency(digest.frequency)]
        digest.due_at += ((now - digest.due_at) // period + 1) * period
        session.add(digest)
        if not session.scalar(select(exists().where(_of(digest)))):
            owed.owe(session, MailKind.DIGEST, digest.site_id, digest.moderator_id)


def held_for(session: Session, moderator: Moderator, site_id: UUID) -> tuple[Sequence[Comment], int]:
    """The oldest comments that the moderator may decide at the site, up to `MOST`, and how many there are in all.

    Counted as `queues.count` does.
    """
    role = links.deciding_role(session, moderator, site_id)
    if role is None:
        return [], 0
    reader = Reader(moderator.id, moderators.actor(moderator), [site_id] if role == Role.ADMIN else [])
    wanted = Wanted(Queue.HELD, [site_id], reader=reader)
    return queues.page(session, wanted, None, MOST), queues.count(session, wanted)


def _of(digest: Digest) -> ColumnElement[bool]:
    """The digest's mail that is not sent yet."""
    whose = (col(Mail.site_id) == digest.site_id) & (col(Mail.moderator_id) == digest.moderator_id)
    return (col(Mail.kind) == MailKind.DIGEST) & whose
