"""A comment that comes again without an id of its own: the first one is found by what it says, and who says it."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import text
from service.core.models import Comment, Content

_SAME = ("text", "author_name", "author_email", "author_url", "post_id")


def find(session: Session, site_id: UUID, content: Content, since: datetime | None = None) -> Comment | None:
    """The site's newest comment with this text, by this author, on this post; none from before `since`."""
    query = (
        select(Comment)
        # By an index: equal texts have equal fingerprints, and few others do.
        .where(col(Comment.site_id) == site_id, col(Comment.text_fingerprint) == text.fingerprint(content.text))
        .where(col(Comment.transient).is_(False))
        .where(*(col(getattr(Comment, name)).is_not_distinct_from(getattr(content, name)) for name in _SAME))
        .order_by(col(Comment.created_at).desc(), col(Comment.id).desc())
        .limit(1)
    )
    return session.exec(query if since is None else query.where(col(Comment.created_at) >= since)).first()
