"""How many comments came to a site, and what became of them, by day or by month (UTC)."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col

from service.core import comments, db
from service.core.models import AuditEntry, Comment, Status


@dataclass
class Tally:
    total: int = 0
    spam: int = 0  # rejected, by the policy or a human
    ham: int = 0
    missed_spam: int = 0  # approved first, then rejected by a human
    false_positives: int = 0  # and the other way round

    def add(self, other: "Tally") -> None:
        for name, number in vars(other).items():
            setattr(self, name, getattr(self, name) + number)


def by_day(session: Session, site_id: UUID, since: datetime) -> dict[str, Tally]:
    """`2026-11-24` -> what came on that day; only days on which something did."""
    return _by_period(session, site_id, since, "YYYY-MM-DD", "%Y-%m-%d")


def by_month(session: Session, site_id: UUID, since: datetime) -> dict[str, Tally]:
    """`2026-11` -> what came in that month; only months in which something did."""
    return _by_period(session, site_id, since, "YYYY-MM", "%Y-%m")


def _by_period(session: Session, site_id: UUID, since: datetime, *formats: str) -> dict[str, Tally]:
    found: defaultdict[str, Tally] = defaultdict(Tally)
    first = db.first_id(since)
    period = _period(session, col(Comment.created_at), *formats)
    # What was imported was asked of nobody.
    asked = (col(Comment.site_id) == site_id, col(Comment.decided_by).is_distinct_from(comments.IMPORT))
    counted = sqlalchemy_select(period, col(Comment.status), func.count()).where(*asked, col(Comment.id) >= first)
    for name, status, number in session.execute(counted.group_by(literal_column("1"), col(Comment.status))):
        tally = found[name]
        tally.total += number
        tally.spam += number if status == Status.REJECTED else 0
        tally.ham += number if status == Status.APPROVED else 0
    period = _period(session, col(AuditEntry.at), *formats)
    turned = sqlalchemy_select(period, col(AuditEntry.after), func.count()).where(
        col(AuditEntry.site_id) == site_id,
        col(AuditEntry.id) >= first,
        col(AuditEntry.action) == "review",
        (col(AuditEntry.before) == Status.APPROVED) & (col(AuditEntry.after) == Status.REJECTED)
        | (col(AuditEntry.before) == Status.REJECTED) & (col(AuditEntry.after) == Status.APPROVED),
    )
    for name, after, number in session.execute(turned.group_by(literal_column("1"), col(AuditEntry.after))):
        found[name].missed_spam += number if after == Status.REJECTED else 0
        found[name].false_positives += number if after == Status.APPROVED else 0
    return dict(sorted(found.items()))


def _period(session: Session, time: Any, postgresql: str, sqlite: str) -> ColumnElement[str]:
    if session.get_bind().dialect.name == "postgresql":
        return func.to_char(func.timezone("UTC", time), postgresql)
    return func.strftime(sqlite, time)
