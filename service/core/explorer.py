"""What a threshold would have held of a site's own history, and what humans made of it: from kept scores."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import intervals, reviewed
from service.core.intervals import Share
from service.core.models import Comment, Status
from service.core.policy import Label

# The newest comments of the site that have a verdict: enough to tell, few enough to answer at once.
LOOKED_AT = 5_000
# Thresholds are tried in hundredths.
STEPS = 100


class Above(NamedTuple):
    """Comments that score a threshold or more."""

    number: int
    approved: int  # by a human
    rejected: int


@dataclass(frozen=True)
class History:
    """What each threshold would have held: `above[53]` for 0.53."""

    label: Label
    scored: int
    # When the oldest of them came; none: there is none.
    since: datetime | None
    # Whether there are no older ones.
    is_whole: bool
    above: Sequence[Above]

    def at(self, threshold: float) -> Above:
        return self.above[round(threshold * STEPS)]

    def precision(self, threshold: float) -> Share:
        """Of what would have been held and a human has decided, the part that they rejected."""
        found = self.at(threshold)
        return intervals.share(found.rejected, found.rejected + found.approved)


def look_back(session: Session, site_id: UUID, label: Label) -> History:
    """The newest comments that were scored on the label. What other rules held, and why, plays no part."""
    score = col(Comment.verdict)["scores"][label].as_float()
    scored = (col(Comment.site_id) == site_id, col(Comment.verdict).is_not(None), ~col(Comment.transient))
    newest = select(score, col(Comment.status), col(Comment.decided_by)).where(*scored)
    rows = session.execute(newest.order_by(col(Comment.id).desc()).limit(LOOKED_AT)).all()
    # Asked for the last one alone: to read 5,000 times takes as long as all the rest.
    times = select(col(Comment.created_at)).where(*scored).order_by(col(Comment.id).desc())
    since = session.exec(times.offset(len(rows) - 1).limit(1)).first() if rows else None
    counted = Counter(
        # Rounded down: a threshold holds what reaches it. Kept to four places, so that 0.29 is not 0.2899….
        (int(round(found, 4) * STEPS + 1e-9), reviewed.word(status, decided_by))
        for found, status, decided_by in rows
        if found is not None
    )
    return History(label, counted.total(), since, len(rows) < LOOKED_AT, _sums(counted))


def _sums(counted: Counter[tuple[int, Status | None]]) -> list[Above]:
    above = [Above(0, 0, 0)]
    for step in reversed(range(STEPS + 1)):
        before = above[-1]
        approved, rejected = counted[step, Status.APPROVED], counted[step, Status.REJECTED]
        more = approved + rejected + counted[step, None]
        above.append(Above(before.number + more, before.approved + approved, before.rejected + rejected))
    return above[:0:-1]
