"""What a human decided of a comment, told by a client that has its text and not its id."""

from uuid import UUID

from sqlmodel import Session, col, select

from service.core import comments, submissions, text
from service.core.models import Category, Comment
from service.core.submissions import Submission


def review(session: Session, site_id: UUID, submission: Submission, category: Category | None) -> Comment:
    """Decide the site's newest comment with this text as the human did; without a category it is approved.

    One that the site does not know is stored first: it is what there is to learn from.
    """
    known = select(Comment).where(
        col(Comment.site_id) == site_id,
        col(Comment.text_fingerprint) == text.fingerprint(submission.text),
        ~col(Comment.transient),
    )
    found = session.exec(known.order_by(col(Comment.created_at).desc()).limit(1)).first()
    return decide(session, found or submissions.submit(session, site_id, submission), category)


def decide(session: Session, comment: Comment, category: Category | None) -> Comment:
    """The site's own word on its comment."""
    return comments.review(
        session, comment.site_id, comment.id, approve=category is None, category=category, actor=comments.SITE
    )
