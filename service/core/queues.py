"""The moderators' queues: which comments are in one, in which order, and how many. By index, however many there are."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Session, col

from service.core import bulk, claims, db, notes, reports, spot_checks
from service.core.models import HELD_WORDS, Category, Comment, Site, Status

# Of what is decided already, this many of each site are looked through for what no index knows.
LOOKED_THROUGH = 5_000
# Past this a number of matches is no help: "1,000+".
COUNTED = 1_000
# How much waits is counted up to here: "10,000+".
MOST_WAITING = 10_000
# What is held may have come in before what is on the page already: scoring takes its time.
_LATE = timedelta(minutes=2)


class Queue(StrEnum):
    """What moderators look at; also the last part of its address."""

    HELD = "held"
    ASKED = "asked"
    # Published, but somebody should look at it: readers say so, or the lot.
    REPORTED = "reported"
    CHECKS = "checks"
    APPROVED = "approved"
    REJECTED = "rejected"
    SPAM = "spam"
    ALL = "all"

    @property
    def waits(self) -> bool:
        """Whether its comments wait for a human."""
        return self in {Queue.HELD, Queue.ASKED, Queue.REPORTED, Queue.CHECKS}


class Sort(StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"
    MOST_REPORTED = "most-reported"
    # Of what waits: the highest score first, and what the scores are least sure of.
    WORST = "worst"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Reader:
    """Who looks: comments that others have before them, or that are left to others, are not for them."""

    moderator_id: UUID
    actor: str
    admin_of: Collection[UUID] = ()


@dataclass(frozen=True)
class Wanted:
    """A queue of some sites, and what it is filtered by; what is not given is not asked."""

    queue: Queue
    site_ids: Sequence[UUID]
    sort: Sort = Sort.OLDEST
    rule: str | None = None
    label: str | None = None
    language: str | None = None
    author: str | None = None
    post: str | None = None
    older_than: timedelta | None = None
    newer_than: timedelta | None = None
    text: str | None = None
    reader: Reader | None = None
    # From its end to its beginning.
    backwards: bool = False

    @property
    def is_ascending(self) -> bool:
        return (self.sort == Sort.OLDEST) != self.backwards


def page(session: Session, wanted: Wanted, after: UUID | None, limit: int) -> list[Comment]:
    """The comments of the queue, in its order, behind the comment `after`."""
    anchor = session.get(Comment, after) if after else None
    keys = _keys(session, wanted, anchor, limit)
    places = {comment_id: place for place, comment_id in enumerate(keys)}
    found = session.scalars(select(Comment).where(col(Comment.id).in_(keys))).all()
    return sorted(found, key=lambda comment: places[comment.id])


def beside(session: Session, wanted: Wanted, comment: Comment) -> tuple[UUID | None, UUID | None]:
    """The comments before and behind this one in the queue, whether it is in it still or not."""
    before = _keys(session, replace(wanted, backwards=True), comment, 1)
    behind = _keys(session, wanted, comment, 1)
    return next(iter(before), None), next(iter(behind), None)


def count(session: Session, wanted: Wanted) -> int:
    """How many there are, up to `COUNTED` + 1."""
    return len(_keys(session, wanted, None, COUNTED + 1))


def waiting(session: Session, site_ids: Collection[UUID]) -> Mapping[Queue, Counter[UUID]]:
    """How many comments wait in each queue at each site, up to `MOST_WAITING` + 1."""
    given = {"sites": list(site_ids), "most": MOST_WAITING + 1}
    rows = session.execute(_counting(session.get_bind().dialect.name), given).all()
    return {
        queue: Counter({site_id: numbers[place] for site_id, *numbers in rows}) for place, queue in enumerate(_WAITING)
    }


_WAITING = tuple(queue for queue in Queue if queue.waits)


@cache
def _counting(dialect: str) -> Select[Any]:
    """Built once: every page and every open one's poll asks it."""
    here = col(Comment.site_id) == col(Site.id)
    some = [
        select(col(Comment.id)).where(here, _status(queue)).limit(bindparam("most")).correlate(Site).subquery()
        for queue in _WAITING
    ]
    numbers = [select(func.count()).select_from(one).scalar_subquery() for one in some]
    return select(col(Site.id), *numbers).where(bulk.among_given(dialect, col(Site.id), "sites"))


def new(session: Session, wanted: Wanted, since: datetime, limit: int) -> int:
    """How many comments of the queue have come since then, or were reported, up to the limit."""
    came = and_(col(Comment.id) >= db.first_id(since - _LATE), col(Comment.decided_at) > since)
    if wanted.queue == Queue.REPORTED:
        came = reports.came_since(since)
    query = select(col(Comment.id)).where(
        col(Comment.site_id).in_(wanted.site_ids), came, *_conditions(session, wanted)
    )
    return session.scalars(select(func.count()).select_from(query.limit(limit).subquery())).one()


def _keys(session: Session, wanted: Wanted, anchor: Comment | None, limit: int) -> list[UUID]:
    """The ids of the first comments: each site's by its own index, then merged."""
    if not wanted.site_ids:
        return []
    conditions = _conditions(session, wanted)
    # Decided meanwhile, it has no reports and no place among those that have: from the start, then.
    if anchor and not (wanted.sort == Sort.MOST_REPORTED and anchor.reports is None):
        conditions.append(_behind(wanted, anchor))
    each = [_of_site(wanted, site_id, conditions).limit(limit).subquery() for site_id in wanted.site_ids]
    merged = union_all(*(select(one) for one in each)).subquery() if len(each) > 1 else each[0]
    order = _order(wanted, [merged.c.key, merged.c.id])
    return list(session.scalars(select(merged.c.id).order_by(*order).limit(limit)))


def _of_site(wanted: Wanted, site_id: UUID, conditions: Sequence[ColumnElement[bool]]) -> Select[Any]:
    key = _key(wanted.sort)
    here = [col(Comment.site_id) == site_id, *conditions]
    if not wanted.queue.waits and (wanted.text or wanted.rule or wanted.label or wanted.language or wanted.post):
        here.append(col(Comment.id).in_(_latest(wanted, site_id)))
    sorted_by: list[Any] = [col(Comment.id)] if key is None else [key, col(Comment.id)]
    shown: list[Any] = [col(Comment.id).label("id"), (literal(0) if key is None else key).label("key")]
    found = select(*shown).where(*here)
    if wanted.queue not in {Queue.REPORTED, Queue.CHECKS}:
        return found.order_by(*_order(wanted, sorted_by))
    # Found first, sorted then: in the order of the queue PostgreSQL would walk through all that is published.
    few = found.order_by(col(Comment.reports)).limit(MOST_WAITING).subquery()
    return select(few.c.id, few.c.key).order_by(*_order(wanted, [few.c.key, few.c.id]))


def _order(wanted: Wanted, columns: Sequence[ColumnElement[Any]]) -> Sequence[ColumnElement[Any]]:
    return columns if wanted.is_ascending else [column.desc() for column in columns]


def _key(sort: Sort) -> Any:
    """What a queue is sorted by before the comments' ids."""
    columns = {Sort.MOST_REPORTED: Comment.reports, Sort.WORST: Comment.severity, Sort.UNSURE: Comment.doubt}
    return col(columns[sort]) if sort in columns else None


def _behind(wanted: Wanted, anchor: Comment) -> ColumnElement[bool]:
    column = _key(wanted.sort)
    if column is None:
        return col(Comment.id) > anchor.id if wanted.is_ascending else col(Comment.id) < anchor.id
    place = tuple_(column, col(Comment.id))
    of_anchor = tuple_(literal(getattr(anchor, column.key) or 0), literal(anchor.id))
    return place > of_anchor if wanted.is_ascending else place < of_anchor


def _latest(wanted: Wanted, site_id: UUID) -> Select[tuple[UUID]]:
    """Of what is decided, the latest: what moderators look for, and no search takes for ever."""
    ids = select(col(Comment.id)).where(col(Comment.site_id) == site_id, _status(wanted.queue))
    latest = ids.order_by(col(Comment.id).desc()).limit(LOOKED_THROUGH).subquery()
    return select(latest.c.id)


def _conditions(session: Session, wanted: Wanted) -> list[ColumnElement[bool]]:
    now = db.now(session)
    equal = {
        Comment.rule: wanted.rule,
        Comment.label: wanted.label,
        Comment.detected_language: wanted.language,
        Comment.post_id: wanted.post,
    }
    found = [_status(wanted.queue), *(col(column) == value for column, value in equal.items() if value)]
    if wanted.author:
        # As `submissions.author_key` makes it.
        found.append(col(Comment.author_key).in_([f"id:{wanted.author}", f"mail:{wanted.author.casefold()}"]))
    if wanted.older_than:
        found.append(col(Comment.id) < db.first_id(now - wanted.older_than))
    if wanted.newer_than:
        found.append(col(Comment.id) >= db.first_id(now - wanted.newer_than))
    if wanted.text:
        found.append(_says(session, wanted))
    if wanted.reader and wanted.queue == Queue.HELD:
        found.append(claims.free(wanted.reader.moderator_id, now))
        found.append(notes.is_for(wanted.reader.actor, wanted.reader.admin_of))
    return found


def _status(queue: Queue) -> ColumnElement[bool]:
    status = col(Comment.status)
    return {
        Queue.HELD: status == Status.HELD,
        Queue.ASKED: and_(status == Status.HELD, notes.is_asked()),
        Queue.REPORTED: and_(status == Status.APPROVED, col(Comment.reports).is_not(None)),
        Queue.CHECKS: and_(status == Status.APPROVED, spot_checks.is_open()),
        Queue.APPROVED: status == Status.APPROVED,
        Queue.REJECTED: status == Status.REJECTED,
        Queue.SPAM: and_(status == Status.REJECTED, col(Comment.category) == Category.SPAM),
        Queue.ALL: ~col(Comment.transient),
    }[queue]


def _says(session: Session, wanted: Wanted) -> ColumnElement[bool]:
    """The comments with these words: of the held ones by an index, where the database has one."""
    said = wanted.text or ""
    if not (wanted.queue in {Queue.HELD, Queue.ASKED} and session.get_bind().dialect.name == "postgresql"):
        return col(Comment.text).icontains(said, autoescape=True)
    asked_for = func.websearch_to_tsquery(literal_column("'simple'"), said)
    matches = literal_column(HELD_WORDS.text, TSVECTOR).bool_op("@@")(asked_for)
    found = select(col(Comment.id)).where(col(Comment.status) == Status.HELD, matches)
    # Materialized: else the words of every comment on the way may be found anew, in the order of the queue.
    return col(Comment.id).in_(select(found.cte("found").prefix_with("MATERIALIZED").c.id))
