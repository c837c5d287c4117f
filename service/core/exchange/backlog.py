"""The machine's turn on what was imported: behind every comment that comes in meanwhile."""

from collections.abc import Iterator
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import comments
from service.core.db import Database
from service.core.models import Comment, Status

_BATCH = 500


def owe(database: Database, site_id: UUID, *, approved_too: bool) -> Iterator[int]:
    """Have the imported comments decided that nobody had decided, or those too that were approved; how many, by batch.

    What was rejected stays rejected: the machine lets through much that a human has seen to be spam.

    Whoever is killed begins anew: what is owed is no longer imported, but pending.
    """
    while True:
        with database.transaction() as session:
            found = _imported(session, site_id, approved_too=approved_too)
            comments.reconsider(session, found)
        if not found:
            return
        yield len(found)


def _imported(session: Session, site_id: UUID, *, approved_too: bool) -> list[Comment]:
    statuses = [Status.HELD, *([Status.APPROVED] if approved_too else [])]
    query = select(Comment).where(
        col(Comment.site_id) == site_id,
        col(Comment.status).in_(statuses),
        col(Comment.decided_by) == comments.IMPORT,
    )
    # One that a moderator has in hand is as good as decided.
    locked = query.order_by(col(Comment.id)).limit(_BATCH).with_for_update(skip_locked=True)
    return list(session.exec(locked))
