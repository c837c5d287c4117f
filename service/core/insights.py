"""What was decided at a site, day by day (UTC): each day is counted once when it is over, and read ever after."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func
from sqlalchemy import select as sqlalchemy_select
from sqlalchemy.orm import load_only
from sqlmodel import Session, col, select

from service.core import curation, db, sites, spot_checks
from service.core.models import AuditEntry, Comment, InsightDay, Site, Status
from service.core.spot_checks import Kind

LONGEST = 90
# Until then somebody may still undo what was decided on the day before.
_SETTLES_AFTER = timedelta(seconds=sites.LONGEST_UNDO)
# For how long at most a comment waited for a human, as a histogram; one bucket more for those that waited longer.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 4 * 60, 24 * 60, 3 * 24 * 60, 7 * 24 * 60))
_LINKING = 300


@dataclass
class Figures:
    """What one or several days amount to."""

    # The machine's decisions, by status.
    settled: Counter[str] = field(default_factory=Counter)
    # What humans made of held comments, by rule, strongest label and status; "" where the comment is gone.
    reviewed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    # Published by the machine, rejected by a human.
    missed: int = 0
    # Of what the machine approved, what was drawn by lot and a human has looked at.
    checked: Counter[Kind] = field(default_factory=Counter)
    # Decisions of each human, by the name that the audit log knows.
    by_actor: Counter[str] = field(default_factory=Counter)
    # How many held comments waited for how long: by the place in `WAITS`.
    waited: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Figures") -> None:
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)

    def reviews(self, rule: str | None = None, label: str | None = None) -> tuple[int, int]:
        """How many held comments humans rejected, and of how many: all, or those of the rule or the label."""
        chosen = {
            key: number
            for key, number in self.reviewed.items()
            if (rule is None or key[0] == rule) and (label is None or key[1] == label)
        }
        return sum(number for key, number in chosen.items() if key[2] == Status.REJECTED), sum(chosen.values())

    def half_waited(self) -> int | None:
        """The bucket of `waited` below whose end half of the held comments were decided."""
        sums = list(accumulate(self.waited[bucket] for bucket in range(len(WAITS) + 1)))
        return bisect_left(sums, sums[-1] / 2) if sums[-1] else None

    def stored(self) -> dict[str, Any]:
        rows = {
            name: [[*key, number] for key, number in getattr(self, name).items()] for name in ("reviewed", "checked")
        }
        return {**vars(self), **rows, "waited": [self.waited[bucket] for bucket in range(len(WAITS) + 1)]}

    @classmethod
    def read(cls, stored: dict[str, Any]) -> "Figures":
        return cls(
            settled=Counter(stored["settled"]),
            reviewed=Counter({(rule, label, status): number for rule, label, status, number in stored["reviewed"]}),
            missed=stored["missed"],
            # Days that were counted before there were any have none.
            checked=Counter({Kind(*kind): number for *kind, number in stored.get("checked", [])}),
            by_actor=Counter(stored["by_actor"]),
            waited=Counter(dict(enumerate(stored["waited"]))),
        )


class Waiting(NamedTuple):
    """The held queue now."""

    number: int
    oldest: datetime | None
    median: datetime | None


def by_day(session: Session, site_ids: Collection[UUID], days: int) -> dict[date, Figures]:
    """The figures of the last days at these sites together, oldest first, today so far included."""
    today = db.now(session).date()
    found = {today - timedelta(days=back): Figures() for back in reversed(range(days))}
    query = select(InsightDay).where(col(InsightDay.site_id).in_(site_ids), col(InsightDay.day) >= min(found))
    yesterday, uncounted = today - timedelta(days=1), set(site_ids)
    for row in session.exec(query):
        found[row.day].add(Figures.read(row.figures))
        if row.day == yesterday:
            uncounted.remove(row.site_id)
    found[today].add(count(session, site_ids, today))
    if yesterday in found and uncounted:
        found[yesterday].add(count(session, uncounted, yesterday))
    return found


def due(session: Session) -> list[tuple[UUID, date]]:
    """The days that are over and not yet counted, of each site since it is there."""
    end = (db.now(session) - _SETTLES_AFTER).date()
    counted = func.max(col(InsightDay.day))
    rows = session.execute(
        sqlalchemy_select(col(Site.id), col(Site.created_at), counted)
        .outerjoin(InsightDay, col(InsightDay.site_id) == col(Site.id))
        .group_by(col(Site.id), col(Site.created_at))
    )
    found = []
    for site_id, created_at, last in rows:
        first = last + timedelta(days=1) if last else max(created_at.date(), end - timedelta(days=LONGEST))
        found += [(site_id, first + timedelta(days=number)) for number in range((end - first).days)]
    return found


def keep(session: Session, site_id: UUID, day: date) -> None:
    """Count a day that is over, for good."""
    values = {"site_id": site_id, "day": day, "figures": count(session, [site_id], day).stored()}
    # Another process may be at it as well.
    session.execute(db.insert(session, InsightDay).values(values).on_conflict_do_nothing())


def count(session: Session, site_ids: Collection[UUID], day: date) -> Figures:
    """What was decided on the day, without what was undone."""
    figures = Figures(checked=spot_checks.checked(session, site_ids, *_ends(day)))
    on_day = _on(site_ids, day)
    what = (col(AuditEntry.action), col(AuditEntry.before), col(AuditEntry.after), col(AuditEntry.actor))
    for action, before, after, actor, number in session.execute(
        sqlalchemy_select(*what, func.count()).where(*on_day).group_by(*what)
    ):
        if action == "settle":
            figures.settled[after] += number
        elif action == "review":
            figures.by_actor[actor] += number
            figures.missed += number if (before, after) == (Status.APPROVED, Status.REJECTED) else 0
    _add_reviews(session, figures, on_day)
    return figures


def _add_reviews(session: Session, figures: Figures, on_day: Sequence[Any]) -> None:
    of_comment = (col(Comment.rule), col(Comment.label), col(Comment.created_at))
    # Erased comments have no row.
    rows = session.execute(
        sqlalchemy_select(col(AuditEntry.after), col(AuditEntry.at), *of_comment)
        .outerjoin(Comment, col(Comment.id) == col(AuditEntry.comment_id))
        .where(*on_day, col(AuditEntry.action) == "review", col(AuditEntry.before) == Status.HELD)
    )
    for after, at, rule, label, created_at in rows:
        figures.reviewed[rule or "", label or "", after] += 1
        if created_at:
            figures.waited[bisect_left(WAITS, at - created_at)] += 1


def _on(site_ids: Collection[UUID], day: date) -> list[Any]:
    first, end = _ends(day)
    return [
        col(AuditEntry.site_id).in_(site_ids),
        col(AuditEntry.id) >= db.first_id(first),
        col(AuditEntry.id) < db.first_id(end),
        col(AuditEntry.undone_at).is_(None),
    ]


def _ends(day: date) -> tuple[datetime, datetime]:
    first = datetime.combine(day, time(), UTC)
    return first, first + timedelta(days=1)


def waiting(session: Session, site_ids: Collection[UUID]) -> Waiting:
    """The held queue's length, and when its oldest comment and the one in its middle came."""
    held = (col(Comment.site_id).in_(site_ids), col(Comment.status) == Status.HELD)
    number = session.execute(sqlalchemy_select(func.count()).select_from(Comment).where(*held)).scalar_one()

    def came(place: int) -> datetime | None:
        # Of those that are passed over only the index is read.
        one = select(Comment.id).where(*held).order_by(col(Comment.id)).offset(place).limit(1).scalar_subquery()
        return session.exec(select(Comment.created_at).where(col(Comment.id) == one)).first()

    return Waiting(number, came(0), came(number // 2))


def linked(session: Session, site_ids: Collection[UUID], days: int) -> Counter[tuple[str, Status]]:
    """How many of the newest held and of the newest rejected comments link to a host: a few hundred of each."""
    first = db.first_id(db.now(session) - timedelta(days=days))
    found: Counter[tuple[str, Status]] = Counter()
    for status in (Status.HELD, Status.REJECTED):
        newest = select(Comment).where(
            col(Comment.site_id).in_(site_ids), col(Comment.status) == status, col(Comment.id) >= first
        )
        only = load_only(Comment.text, Comment.author_url)  # type: ignore[arg-type]
        for comment in session.exec(newest.order_by(col(Comment.id).desc()).limit(_LINKING).options(only)):
            found.update((host, status) for host in curation.domains(comment))
    return found
