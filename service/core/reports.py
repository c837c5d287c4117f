"""What readers report of published comments: open until a human decides the comment, seen by moderators till then."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from sqlalchemy import ColumnElement, Table, update
from sqlmodel import Session, col, select

from service.core import audit, bulk, db
from service.core.models import Category, Comment, Report, Status

_REPORTS: Table = Report.__table__  # type: ignore[attr-defined]
# Open ones of one comment: more tell a moderator nothing more.
MOST = 100


@dataclass(frozen=True)
class Complaint:
    """What a reader says of a comment; `reporter`: whatever the blog tells its readers apart by."""

    reason: Category
    text: str = ""
    reporter: str | None = None


def put(session: Session, comment: Comment, complaint: Complaint, actor: str) -> bool:
    """Keep a reader's report of the comment, which the caller has locked; False when there is nothing to keep.

    Each reporter is heard once. What is rejected needs no report any more.
    """
    if comment.status == Status.REJECTED or (comment.reports or 0) >= MOST:
        return False
    row = {
        "id": db.new_id(),
        "site_id": comment.site_id,
        "comment_id": comment.id,
        "reason": complaint.reason,
        "text": complaint.text,
        "reporter": _hashed(comment, complaint.reporter) if complaint.reporter else None,
        "at": db.now(session),
        "answered": None,
    }
    if not bulk.insert_if_absent(session, _REPORTS, [row]):
        return False
    comment.reports = (comment.reports or 0) + 1
    session.add(comment)
    audit.record(session, comment, "report", actor, {"reason": complaint.reason})
    return True


def answer(session: Session, comment: Comment) -> None:
    """A human has decided the comment, which the caller has locked."""
    if comment.reports:
        mine = update(Report).where(col(Report.comment_id) == comment.id, col(Report.answered).is_(None))
        session.execute(mine.values(answered=comment.sequence), execution_options={"synchronize_session": False})
        comment.reports = None


def reopen(session: Session, comment: Comment, sequence: int) -> None:
    """The decision with this sequence, which answered reports, is undone. The caller has locked the comment."""
    mine = update(Report).where(col(Report.comment_id) == comment.id, col(Report.answered) == sequence)
    options = {"synchronize_session": False}
    opened = session.scalars(mine.values(answered=None).returning(col(Report.id)), execution_options=options).all()
    comment.reports = (comment.reports or 0) + len(opened) or None


def on(session: Session, shown: Sequence[Comment]) -> Mapping[UUID, list[Report]]:
    """The open reports of each comment, oldest first."""
    found: dict[UUID, list[Report]] = defaultdict(list)
    ids = [comment.id for comment in shown if comment.reports]
    if ids:
        still = select(Report).where(col(Report.comment_id).in_(ids), col(Report.answered).is_(None))
        for report in session.exec(still.order_by(col(Report.id))):
            found[report.comment_id].append(report)
    return found


def came_since(at: datetime) -> ColumnElement[bool]:
    """The comments that were reported since then."""
    lately = (col(Report.id) >= db.first_id(at), col(Report.answered).is_(None))
    return col(Comment.id).in_(select(Report.comment_id).where(*lately))


def _hashed(comment: Comment, reporter: str) -> str:
    return blake2b(reporter.encode(), key=comment.id.bytes, digest_size=16).hexdigest()
