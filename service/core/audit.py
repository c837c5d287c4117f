"""The audit log: who changed what, from what to what. `comments` writes its own entries."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import db
from service.core.models import AuditEntry, Comment

ACTIONS = (
    "settle",
    "review",
    "undo",
    "edit",
    "erase",
    "reconsider",
    "report",
    "hold_reported",
    "escalate",
    "ask",
    "trust_author",
    "block_author",
    "ban_domain",
    "add_word",
)


def record(session: Session, comment: Comment, action: str, actor: str, detail: dict[str, Any]) -> None:
    """An entry for what was done on account of a comment, whose status stays as it is."""
    session.add(
        AuditEntry(
            site_id=comment.site_id,
            comment_id=comment.id,
            at=db.now(session),
            actor=actor,
            action=action,
            sequence=comment.sequence,
            before=comment.status,
            after=comment.status,
            detail=detail,
        )
    )


@dataclass(frozen=True)
class Wanted:
    """Which entries are looked for; what is not given is not asked."""

    site_ids: Collection[UUID]
    actor: str | None = None
    action: str | None = None
    comment_id: UUID | None = None


def find(session: Session, wanted: Wanted, *, before: UUID | None, limit: int) -> Sequence[AuditEntry]:
    """Entries, newest first, from behind the entry `before`."""
    query = select(AuditEntry).where(col(AuditEntry.site_id).in_(wanted.site_ids))
    if wanted.actor:
        query = query.where(col(AuditEntry.actor) == wanted.actor)
    if wanted.action:
        query = query.where(col(AuditEntry.action) == wanted.action)
    if wanted.comment_id:
        query = query.where(col(AuditEntry.comment_id) == wanted.comment_id)
    if before:
        query = query.where(col(AuditEntry.id) < before)
    return session.exec(query.order_by(col(AuditEntry.id).desc()).limit(limit)).all()


def pages(database: db.Database, wanted: Wanted, size: int = 1000) -> Iterator[Sequence[AuditEntry]]:
    """All entries, newest first, each page in a short transaction of its own."""
    before = None
    while True:
        with database.reading() as session:
            page = find(session, wanted, before=before, limit=size)
        yield page
        if len(page) < size:
            return
        before = page[-1].id
