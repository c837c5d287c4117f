"""Taking back what a moderator did last, and what was done with it at once."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import Session, col, select

from service.core import comments, curation, db, errors, notes
from service.core.models import AuditEntry, Comment

# Further back a moderator looks at the comment itself.
REACH = timedelta(hours=1)
_ACTIONS = ("review", *notes.ACTIONS.values(), *curation.ACTIONS)


def last(session: Session, actor: str, site_ids: Collection[UUID]) -> AuditEntry | None:
    """The moderator's latest action that still stands."""
    stands = or_(col(AuditEntry.action) != "review", col(AuditEntry.sequence) == col(Comment.sequence))
    query = (
        select(AuditEntry)
        .join(Comment, col(Comment.id) == col(AuditEntry.comment_id))
        .where(
            col(AuditEntry.actor) == actor,
            col(AuditEntry.id) >= db.first_id(db.now(session) - REACH),
            col(AuditEntry.action).in_(_ACTIONS),
            col(AuditEntry.undone_at).is_(None),
            col(AuditEntry.site_id).in_(site_ids),
            stands,
        )
        .order_by(col(AuditEntry.id).desc())
        .limit(1)
    )
    return session.exec(query).first()


def undo(session: Session, entry: AuditEntry, actor: str) -> list[Comment]:
    """Take back the action and its whole batch; the comments that it was about. What has moved on since, stays."""
    found = []
    for one in _batch(session, entry):
        try:
            found.append(_take_back(session, one, actor))
        except (errors.ConflictError, errors.NotFoundError):
            # Its comment was changed or erased in the meantime.
            continue
    return found


def _batch(session: Session, entry: AuditEntry) -> Sequence[AuditEntry]:
    if entry.batch_id is None:
        return [entry]
    same = select(AuditEntry).where(col(AuditEntry.batch_id) == entry.batch_id, col(AuditEntry.action) == entry.action)
    # In the order in which a bulk decision locks them.
    return session.exec(same.order_by(col(AuditEntry.comment_id))).all()


def _take_back(session: Session, entry: AuditEntry, actor: str) -> Comment:
    if entry.action == "review":
        return comments.put_back(session, entry, actor)
    comment = comments.get(session, entry.site_id, entry.comment_id)
    if entry.action in curation.ACTIONS:
        curation.take_back(session, entry, actor)
    else:
        notes.take_back(session, entry)
    entry.undone_at = db.now(session)
    session.add(entry)
    return comment
