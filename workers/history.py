"""What a site has seen before: the past that signals and rules look at, for a whole batch in a few queries."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_
from sqlmodel import Session, col

from service.core import db
from service.core.comments import POLICY
from service.core.models import Comment, Status
from workers.signals.signal import History

_SAME_TEXT_WITHIN = timedelta(days=1)
_VELOCITY_WITHIN = timedelta(minutes=10)

# (site, author or text or address) …
_Key = tuple[UUID, object]


def of(session: Session, comments: Sequence[Comment]) -> dict[UUID, History]:
    """The history of each comment, by its id. The comment itself is no part of its own past."""
    now = db.now(session)

    def others(counts: Counter[_Key], key: _Key, comment: Comment, within: timedelta) -> int:
        # An edited comment may itself be too old to be among those that were counted.
        return max(counts[key] - (comment.created_at > now - within), 0)

    authors = _counts_by_status(session, {(c.site_id, c.author_key) for c in comments if c.author_key})
    texts = _counts(
        session,
        Comment.text_fingerprint,
        {(c.site_id, c.text_fingerprint) for c in comments},
        _SAME_TEXT_WITHIN,
    )
    addresses = _counts(
        session,
        Comment.author_ip,
        {(c.site_id, c.author_ip) for c in comments if c.author_ip},
        _VELOCITY_WITHIN,
    )
    return {
        c.id: History(
            author_approved=authors[c.site_id, c.author_key, Status.APPROVED],
            author_rejected=authors[c.site_id, c.author_key, Status.REJECTED],
            same_text=others(texts, (c.site_id, c.text_fingerprint), c, _SAME_TEXT_WITHIN),
            recent_from_address=others(addresses, (c.site_id, c.author_ip), c, _VELOCITY_WITHIN),
        )
        for c in comments
    }


def _counts_by_status(session: Session, authors: set[_Key]) -> Counter[tuple[UUID, object, Status]]:
    if not authors:
        return Counter()
    columns = (col(Comment.site_id), col(Comment.author_key), col(Comment.status))
    # What the policy has rejected is no evidence: one wrong rejection would bring about the next.
    counted = or_(col(Comment.status) != Status.REJECTED, col(Comment.decided_by) != POLICY)
    mine = tuple_(*columns[:2]).in_(authors)
    rows = session.execute(select(*columns, func.count()).where(mine, counted).group_by(*columns))
    return Counter({(site, key, status): count for site, key, status, count in rows.all()})


def _counts(session: Session, column: object, keys: set[_Key], within: timedelta) -> Counter[_Key]:
    if not keys:
        return Counter()
    columns = (col(Comment.site_id), col(column))
    rows = session.execute(
        select(*columns, func.count())
        .where(tuple_(*columns).in_(keys), col(Comment.created_at) > db.now(session) - within)
        .group_by(*columns)
    )
    return Counter({(site, key): count for site, key, count in rows.all()})
