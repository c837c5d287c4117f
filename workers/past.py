"""A site's decided comments, for the commands that look back."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import db, reviewed
from service.core.db import Database
from service.core.models import Comment, Status

_CHUNK = 500


def chunks(database: Database, site_id: UUID, days: int) -> Iterator[list[Comment]]:
    """The comments of the last days that have a verdict, oldest first.

    Each chunk is a transaction of its own: on SQLite a long one would keep the live service from writing.
    """
    with database.reading() as session:
        since = db.now(session) - timedelta(days=days)
    after: UUID | None = None
    while True:
        with database.reading() as session:
            found = _chunk(session, site_id, since, after)
        if not found:
            return
        yield found
        after = found[-1].id


def _chunk(session: Session, site_id: UUID, since: datetime, after: UUID | None) -> list[Comment]:
    query = select(Comment).where(
        col(Comment.site_id) == site_id, col(Comment.created_at) >= since, col(Comment.verdict).is_not(None)
    )
    if after:
        query = query.where(col(Comment.id) > after)
    return list(session.exec(query.order_by(col(Comment.id)).limit(_CHUNK)))


def approved_before(session: Session, chunk: Sequence[Comment]) -> dict[UUID, int]:
    """How many older comments of the same author are approved now, for each comment of one site."""
    authors = {comment.author_key for comment in chunk if comment.author_key}
    approved: dict[str | None, list[UUID]] = {}
    query = select(Comment.author_key, Comment.id).where(
        col(Comment.site_id).in_({comment.site_id for comment in chunk}),
        col(Comment.author_key).in_(authors),
        col(Comment.status) == Status.APPROVED,
    )
    # Ids grow with time.
    for author, comment_id in session.exec(query.order_by(col(Comment.id))):
        approved.setdefault(author, []).append(comment_id)
    return {comment.id: bisect_left(approved.get(comment.author_key, []), comment.id) for comment in chunk}


def human_word(comment: Comment) -> Status | None:
    """APPROVED or REJECTED where a human has decided."""
    return reviewed.word(comment.status, comment.decided_by)
