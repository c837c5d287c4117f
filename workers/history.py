"""What was seen before: the past that signals and rules look at, for a whole batch in a few queries."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Table, delete, func, select, tuple_
from sqlmodel import Session, col

from service.core import bulk, db
from service.core import comments as all_comments
from service.core.models import Comment, Imprint, Status
from workers import imprints
from workers.signals import addresses
from workers.signals.signal import History

_IMPRINTS: Table = Imprint.__table__  # type: ignore[attr-defined]
_SAME_TEXT_WITHIN = timedelta(days=1)
_VELOCITY_WITHIN = timedelta(minutes=10)
_HOST_WITHIN = timedelta(days=1)
_SIMILAR_WITHIN = timedelta(weeks=1)
# What came so often is known: further copies leave no imprint, and a flood does not make the next look slow.
_ENOUGH = 20

# (site, author or text or address) …
_Key = tuple[UUID, object]


@dataclass
class _Shared:
    """What a comment has in common with others."""

    with_host: int
    bands: Counter[tuple[UUID, UUID]]  # (comment, its site) -> shared bands

    def similar(self, site_id: UUID, *, here: bool) -> int:
        alike = (site for (_, site), shared in self.bands.items() if shared >= imprints.SHARED_BANDS)
        return sum((site == site_id) == here for site in alike)


def of(session: Session, comments: Sequence[Comment]) -> dict[UUID, History]:
    """The history of each comment, by its id; leaves their imprints. A comment is no part of its own past."""
    now = db.now(session)

    def others(counts: Counter[_Key], key: _Key, comment: Comment, within: timedelta) -> int:
        # An edited comment may itself be too old to be among those that were counted.
        return max(counts[key] - (comment.created_at > now - within), 0)

    decided = all_comments.count_by_author(session, comments)
    recent = _counts(session, Comment.author_key, {(c.site_id, c.author_key) for c in comments}, _VELOCITY_WITHIN)
    texts = _counts(
        session, Comment.text_fingerprint, {(c.site_id, c.text_fingerprint) for c in comments}, _SAME_TEXT_WITHIN
    )
    senders = _counts(session, Comment.author_ip, {(c.site_id, c.author_ip) for c in comments}, _VELOCITY_WITHIN)
    shared = _shared(session, comments)
    return {
        c.id: History(
            author_approved=decided[c.site_id, c.author_key, Status.APPROVED],
            author_rejected=decided[c.site_id, c.author_key, Status.REJECTED],
            same_text=others(texts, (c.site_id, c.text_fingerprint), c, _SAME_TEXT_WITHIN),
            recent_from_address=others(senders, (c.site_id, c.author_ip), c, _VELOCITY_WITHIN),
            recent_from_author=others(recent, (c.site_id, c.author_key), c, _VELOCITY_WITHIN),
            recent_with_host=shared[c.id].with_host,
            similar=shared[c.id].similar(c.site_id, here=True),
            similar_elsewhere=shared[c.id].similar(c.site_id, here=False),
        )
        for c in comments
    }


def _counts(session: Session, column: object, keys: set[_Key], within: timedelta) -> Counter[_Key]:
    known = {key for key in keys if key[1] is not None}
    if not known:
        return Counter()
    columns = (col(Comment.site_id), col(column))
    rows = session.execute(
        select(*columns, func.count())
        .where(tuple_(*columns).in_(known), col(Comment.created_at) > db.now(session) - within)
        .group_by(*columns)
    )
    return Counter({(site, key): count for site, key, count in rows.all()})


def _shared(session: Session, comments: Sequence[Comment]) -> dict[UUID, _Shared]:
    """What the comments have in common with others, and with each other."""
    parts = {comment.id: _Parts.of(comment) for comment in comments}
    seen = _seen(session, {value for part in parts.values() for value in part.all})
    for comment in comments:
        for value in parts[comment.id].all:
            seen[value][comment.id] = (comment.site_id, db.now(session))
    shared = {comment.id: _compare(comment, parts[comment.id], seen, db.now(session)) for comment in comments}
    _leave(session, comments, parts, seen)
    return shared


@dataclass(frozen=True)
class _Parts:
    bands: frozenset[int]
    hosts: frozenset[int]

    @classmethod
    def of(cls, comment: Comment) -> "_Parts":
        hosts = imprints.of_hosts(comment.site_id, addresses.hosts(comment.text))
        return cls(frozenset(imprints.of_text(comment.text)), frozenset(hosts))

    @property
    def all(self) -> frozenset[int]:
        return self.bands | self.hosts


# hash -> comment -> its site, and when it came
_Seen = defaultdict[int, dict[UUID, tuple[UUID, datetime]]]


def _compare(comment: Comment, parts: _Parts, seen: _Seen, now: datetime) -> _Shared:
    others = {value: {other: at for other, at in seen[value].items() if other != comment.id} for value in parts.all}
    linked = {other for value in parts.hosts for other, (_, at) in others[value].items() if at > now - _HOST_WITHIN}
    bands = Counter((other, site_id) for value in parts.bands for other, (site_id, _) in others[value].items())
    return _Shared(len(linked), bands)


def _seen(session: Session, hashes: set[int]) -> _Seen:
    seen: _Seen = defaultdict(dict)
    if hashes:
        columns = (col(Imprint.hash), col(Imprint.comment_id), col(Imprint.site_id), col(Imprint.created_at))
        recent = col(Imprint.created_at) > db.now(session) - _SIMILAR_WITHIN
        for value, comment_id, site_id, at in session.execute(
            select(*columns).where(bulk.among(session, col(Imprint.hash), hashes), recent)
        ):
            seen[value][comment_id] = (site_id, at)
    return seen


def _leave(session: Session, comments: Sequence[Comment], parts: Mapping[UUID, _Parts], seen: _Seen) -> None:
    """Store the imprints, in place of those of an earlier revision, and forget what is too old to be looked at."""
    now = db.now(session)
    session.execute(delete(Imprint).where(col(Imprint.comment_id).in_([comment.id for comment in comments])))
    session.execute(delete(Imprint).where(col(Imprint.comment_id) < db.first_id(now - _SIMILAR_WITHIN)))
    rows = [
        {"comment_id": comment.id, "hash": value, "site_id": comment.site_id, "created_at": now}
        for comment in comments
        for value in sorted(parts[comment.id].all)
        if len(seen[value]) <= _ENOUGH
    ]
    # Another worker may have taken the comment over.
    bulk.insert_if_absent(session, _IMPRINTS, rows)
