"""Forgetting: an author's comments when they ask for it, and what a deployment keeps no longer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, or_, update
from sqlmodel import Session, col, select

from service.core import bulk, comments, db, outbox
from service.core.models import Comment, Status

# What is locked and deleted in one transaction: nobody waits for long behind it.
BATCH = 200
RETENTION = "retention"


@dataclass(frozen=True)
class Author:
    """Who is to be forgotten: by the account at the blog, by the e-mail address, or by either."""

    id: str | None = None
    email: str | None = None

    def wrote(self) -> ColumnElement[bool]:
        """Their comments, also those from before they had an account or without the address."""
        mine = []
        if self.id:
            mine.append(col(Comment.author_id) == self.id)
        if self.email:
            # The key knows capitals beyond ASCII, which SQLite does not.
            mine.append(col(Comment.author_key) == f"mail:{self.email.casefold()}")
            mine.append(func.lower(col(Comment.author_email)) == self.email.lower())
        return or_(False, *mine)


def author(session: Session, site_id: UUID, who: Author, actor: str) -> int:
    """Erase up to `BATCH` of the author's comments at the site with all that came of them; how many these were."""
    return _erase(session, (col(Comment.site_id) == site_id) & who.wrote(), actor)


def decided_before(session: Session, at: datetime) -> int:
    """Erase up to `BATCH` comments that were approved or rejected before then; how many these were."""
    done = col(Comment.status).in_([Status.APPROVED, Status.REJECTED])
    return _erase(session, (col(Comment.id) < db.first_id(at)) & done & (col(Comment.decided_at) < at), RETENTION)


def traces_before(session: Session, at: datetime, after: UUID) -> Sequence[UUID]:
    """Empty what tells of the network in up to `BATCH` comments from before then, and behind the comment `after`.

    Gives back their ids in order. Who remembers the last one does not look at all the others again.
    """
    traces = (Comment.author_ip, Comment.user_agent, Comment.referrer)
    old = (
        select(Comment.id)
        .where(
            col(Comment.id) > after,
            col(Comment.id) < db.first_id(at),
            or_(*(col(trace).is_not(None) for trace in traces)),
        )
        .order_by(col(Comment.id))
        .limit(BATCH)
        # One that somebody decides just now has its turn later.
        .with_for_update(skip_locked=True)
    )
    ids = session.exec(old).all()
    session.execute(
        update(Comment).where(col(Comment.id).in_(ids)).values(author_ip=None, user_agent=None, referrer=None)
    )
    return ids


def transient(session: Session, ids: Collection[UUID]) -> None:
    """Erase comments that were only asked about: nothing says that they were there."""
    mine = bulk.among(session, col(Comment.id), ids) & col(Comment.transient)
    found = session.exec(select(Comment.id).where(mine).order_by(col(Comment.id)).with_for_update()).all()
    outbox.forget(session, found)
    session.execute(delete(Comment).where(col(Comment.id).in_(found)), execution_options={"synchronize_session": False})


def transient_before(session: Session, at: datetime) -> int:
    """Erase up to `BATCH` of those from before then, which a process that died has left; how many these were."""
    left = col(Comment.transient) & (col(Comment.id) < db.first_id(at))
    ids = session.exec(select(Comment.id).where(left).order_by(col(Comment.id)).limit(BATCH)).all()
    transient(session, ids)
    return len(ids)


def _erase(session: Session, which: ColumnElement[bool], actor: str) -> int:
    # One order for all: two that lock each other's rows would wait for ever.
    query = select(Comment).where(which).order_by(col(Comment.id)).limit(BATCH).with_for_update()
    found = session.exec(query).all()
    comments.erase_all(session, found, actor)
    return len(found)
