"""One comment with everything around it: what happened to it, what its author wrote before, what stands beside it."""

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlmodel import Session, col, select

from service.console import auth, cards, pages, queue
from service.console.audit import action_words
from service.console.auth import LoggedIn, Visit
from service.console.filters import Filters
from service.core import audit, errors, moderators, queues
from service.core.models import Comment
from service.web import DatabaseDep

router = APIRouter()

_NEIGHBOURS = 8


@router.get("/comments/{comment_id}")
def show_comment(
    visit: LoggedIn,
    database: DatabaseDep,
    comment_id: UUID,
    origin: Annotated[str, Query(alias="from", max_length=3000)] = "",
) -> Response:
    """With its neighbours in the queue that it was opened from."""
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
            "at": f"/console/comments/{comment.id}" + (f"?{urlencode({'from': origin})}" if origin else ""),
            **_beside(session, visit, comment, origin),
            "actions": action_words(),
        }
    return pages.show(visit, "comment.html", **context, **queue.CHOICES)


def _beside(session: Session, visit: Visit, comment: Comment, origin: str) -> dict[str, Any]:
    """The queue, and the addresses of the comments before and behind this one in it."""
    found = Filters.of_address(origin) if auth.inside(origin) == origin else None
    if found is None:
        return {"origin": auth.HOME, "before": None, "behind": None}
    before, behind = queues.beside(session, queue.wanted_by(visit, *found), comment)
    query = urlencode({"from": origin})
    addresses = (f"/console/comments/{one}?{query}" if one else None for one in (before, behind))
    return {"origin": origin, **dict(zip(("before", "behind"), addresses, strict=True))}


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
