"""Spot checks: some of what the machine approves, drawn by lot, so that humans see a fair part of what it misses."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, exists, func, update
from sqlmodel import Session, col, select

from service.core import bulk, db
from service.core.models import Comment, SpotCheck, Status

_CHECKS: Table = SpotCheck.__table__  # type: ignore[attr-defined]
# Who wants to know how the machine does, wants to know it of these days.
OFFERED_FOR = timedelta(days=7)
# The random part of an id (RFC 9562, version 7) that is alike for all.
_LOTS = 1 << 32


class Kind(NamedTuple):
    """What checked comments have in common: their strongest label, how likely they were drawn, what humans said."""

    label: str
    share: float
    rejected: bool


def draw(session: Session, settled: Sequence[Comment], shares: Mapping[UUID, float]) -> None:
    """Put some of the comments that the machine has just approved before humans: of each site its share, by lot."""
    drawn = [one for one in settled if one.status == Status.APPROVED and _lot(one) < shares.get(one.site_id, 0.0)]
    now = db.now(session) if drawn else None
    rows = [
        {
            "comment_id": one.id,
            "site_id": one.site_id,
            "label": one.label,
            "share": shares[one.site_id],
            "drawn_at": now,
            "checked_at": None,
            "rejected": None,
            "sequence": None,
        }
        for one in drawn
    ]
    bulk.insert_if_absent(session, _CHECKS, rows)


def _lot(comment: Comment) -> float:
    """The comment's own number from 0 to 1, as random as its id: who decides it anew draws the same."""
    return comment.id.int % _LOTS / _LOTS


def answer(session: Session, comment: Comment) -> None:
    """A human has decided the comment."""
    mine = update(SpotCheck).where(col(SpotCheck.comment_id) == comment.id, col(SpotCheck.checked_at).is_(None))
    said = {"checked_at": db.now(session), "rejected": comment.status == Status.REJECTED, "sequence": comment.sequence}
    session.execute(mine.values(said), execution_options={"synchronize_session": False})


def reopen(session: Session, comment: Comment, sequence: int) -> None:
    """The decision with this sequence is undone."""
    mine = update(SpotCheck).where(col(SpotCheck.comment_id) == comment.id, col(SpotCheck.sequence) == sequence)
    unsaid = {"checked_at": None, "rejected": None, "sequence": None}
    session.execute(mine.values(unsaid), execution_options={"synchronize_session": False})


def forget(session: Session, comment: Comment) -> None:
    """The comment is another one now: what was drawn is gone."""
    session.execute(delete(SpotCheck).where(col(SpotCheck.comment_id) == comment.id))


def is_open() -> ColumnElement[bool]:
    """The comments that were drawn and nobody has looked at."""
    its = (col(SpotCheck.comment_id) == col(Comment.id), col(SpotCheck.site_id) == col(Comment.site_id))
    return exists().where(*its, col(SpotCheck.checked_at).is_(None))


def open_among(session: Session, comment_ids: Collection[UUID]) -> set[UUID]:
    still = (col(SpotCheck.comment_id).in_(comment_ids), col(SpotCheck.checked_at).is_(None))
    return set(session.exec(select(SpotCheck.comment_id).where(*still))) if comment_ids else set()


def checked(session: Session, site_ids: Collection[UUID], first: datetime, end: datetime) -> Counter[Kind]:
    """How many of each kind humans have checked from `first` until before `end`."""
    kind = (col(SpotCheck.label), col(SpotCheck.share), col(SpotCheck.rejected))
    then = (col(SpotCheck.checked_at) >= first, col(SpotCheck.checked_at) < end)
    query = select(*kind, func.count()).where(col(SpotCheck.site_id).in_(site_ids), *then).group_by(*kind)
    return Counter(
        {Kind(label or "", share, bool(rejected)): number for label, share, rejected, number in session.exec(query)}
    )
