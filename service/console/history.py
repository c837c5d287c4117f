"""One comment with everything around it: what happened to it, what its author wrote before, what stands beside it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlmodel import Session, col, select

from service.console import cards, pages, queue
from service.console.audit import action_words
from service.console.auth import LoggedIn
from service.core import audit, errors, moderators
from service.core.models import Comment
from service.web import DatabaseDep

router = APIRouter()

_NEIGHBOURS = 8


@router.get("/comments/{comment_id}")
def show_comment(visit: LoggedIn, database: DatabaseDep, comment_id: UUID) -> Response:
    with database.reading() as session:
        comment = session.get(Comment, comment_id)
        if comment is None or comment.site_id not in visit.sites:
            raise errors.NotFoundError("There is no such comment at your sites.")
        wanted = audit.Wanted([comment.site_id], comment_id=comment.id)
        entries = audit.find(session, wanted, before=None, limit=100)
        context: dict[str, Any] = {
            "cards": cards.of(session, [comment]),
            "entries": list(reversed(entries)),
            "names": moderators.names_of(session, {entry.actor for entry in entries}),
            "by_author": _by_author(session, comment),
            "at_post": _at_post(session, comment),
            "at": f"/console/comments/{comment.id}",
            "actions": action_words(),
        }
    return pages.show(visit, "comment.html", **context, **queue.CHOICES)


def _by_author(session: Session, comment: Comment) -> Sequence[Comment]:
    if comment.author_key is None:
        return []
    same = select(Comment).where(
        col(Comment.site_id) == comment.site_id,
        col(Comment.author_key) == comment.author_key,
        col(Comment.id) != comment.id,
    )
    return session.exec(same.order_by(col(Comment.created_at).desc()).limit(_NEIGHBOURS)).all()


def _at_post(session: Session, comment: Comment) -> Sequence[Comment]:
    """What came before it at the same post, of the site's latest before it."""
    if comment.post_id is None:
        return []
    before = select(Comment.id).where(col(Comment.site_id) == comment.site_id, col(Comment.id) < comment.id)
    latest = before.order_by(col(Comment.id).desc()).limit(1000).subquery()
    same = select(Comment).where(col(Comment.id).in_(select(latest.c.id)), col(Comment.post_id) == comment.post_id)
    return session.exec(same.order_by(col(Comment.id).desc()).limit(_NEIGHBOURS)).all()
