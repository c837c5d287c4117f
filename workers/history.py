"""What was seen before: the past that signals and rules look at, for a whole batch in a few queries."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import Executable, Select, String, Table, bindparam, cast, delete, func, literal, select, union_all
from sqlmodel import Session, col

from service.core import bulk, db
from service.core import comments as all_comments
from service.core.models import Comment, Imprint, Status
from workers import imprints
from workers.signals import addresses
from workers.signals.signal import History

_COMMENTS: Table = Comment.__table__  # type: ignore[attr-defined]
_IMPRINTS: Table = Imprint.__table__  # type: ignore[attr-defined]
# What is counted: comments with the same value of a column, at the same site, that came within this time.
_WITHIN = {
    "author_key": timedelta(minutes=10),
    "author_ip": timedelta(minutes=10),
    "text_fingerprint": timedelta(days=1),
}
_HOST_WITHIN = timedelta(days=1)
SIMILAR_WITHIN = timedelta(weeks=1)
# What came so often is known: further copies leave no imprint, and a flood does not make the next look slow.
_ENOUGH = 20


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

    def others(name: str, comment: Comment) -> int:
        counted = recent[name, comment.site_id, str(getattr(comment, name))]
        # An edited comment may itself be too old to be among those that were counted.
        return max(counted - (comment.created_at > now - _WITHIN[name]), 0)

    decided = all_comments.count_by_author(session, comments)
    recent = _recent(session, comments)
    shared = _shared(session, comments)
    return {
        c.id: History(
            author_approved=decided[c.site_id, c.author_key, Status.APPROVED],
            author_rejected=decided[c.site_id, c.author_key, Status.REJECTED],
            same_text=others("text_fingerprint", c),
            recent_from_address=others("author_ip", c),
            recent_from_author=others("author_key", c),
            recent_with_host=shared[c.id].with_host,
            similar=shared[c.id].similar(c.site_id, here=True),
            similar_elsewhere=shared[c.id].similar(c.site_id, here=False),
        )
        for c in comments
    }


def _recent(session: Session, comments: Sequence[Comment]) -> Counter[tuple[str, UUID, str]]:
    """(column, site, value as text) -> number of comments; all in one query."""
    now, dialect = db.now(session), session.get_bind().dialect.name
    given: dict[str, object] = {}
    for name, within in _WITHIN.items():
        keys = {(c.site_id, value) for c in comments if (value := getattr(c, name)) is not None}
        given |= {f"{name}_since": now - within, **bulk.pairs(dialect, name, keys)}
    found = session.execute(_counts(dialect), given)
    return Counter({(name, site_id, value): count for name, site_id, value, count in found})


# Built once: to build it takes longer than to run it.
@cache
def _counts(dialect: str) -> Executable:
    return union_all(*(_count(dialect, name) for name in _WITHIN))


def _count(dialect: str, name: str) -> Select[str, UUID, str, int]:
    site_id, value = _COMMENTS.c.site_id, _COMMENTS.c[name]
    return (
        select(literal(name), site_id, cast(value, String), func.count())
        .where(bulk.pairs_given(dialect, site_id, value, name), _COMMENTS.c.created_at > bindparam(f"{name}_since"))
        .group_by(site_id, value)
    )


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
        given = {"hashes": [*hashes], "since": db.now(session) - SIMILAR_WITHIN}
        for value, comment_id, site_id, at in session.execute(_imprints(session.get_bind().dialect.name), given):
            seen[value][comment_id] = (site_id, at)
    return seen


@cache
def _imprints(dialect: str) -> Executable:
    columns = (_IMPRINTS.c.hash, _IMPRINTS.c.comment_id, _IMPRINTS.c.site_id, _IMPRINTS.c.created_at)
    mine = bulk.among_given(dialect, _IMPRINTS.c.hash, "hashes")
    return select(*columns).where(mine, _IMPRINTS.c.created_at > bindparam("since"))


def _leave(session: Session, comments: Sequence[Comment], parts: Mapping[UUID, _Parts], seen: _Seen) -> None:
    """Store the imprints, in place of those of an earlier revision."""
    now = db.now(session)
    if edited := [comment.id for comment in comments if comment.revision > 1]:
        session.execute(delete(Imprint).where(col(Imprint.comment_id).in_(edited)))
    rows = [
        {"comment_id": comment.id, "hash": value, "site_id": comment.site_id, "created_at": now}
        for comment in comments
        # Of what is not kept, nothing is; and it may be erased by now.
        if not comment.transient
        for value in sorted(parts[comment.id].all)
        if len(seen[value]) <= _ENOUGH
    ]
    # Another worker may have taken the comment over.
    bulk.insert_if_absent(session, _IMPRINTS, rows)
