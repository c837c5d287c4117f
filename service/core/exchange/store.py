"""Storing an archive: in batches of a transaction each, and nothing twice, however often it is read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlmodel import Session

from service.core import bulk, comments, db, submissions
from service.core.db import Database
from service.core.exchange import entries
from service.core.exchange.entries import Entry, Past
from service.core.models import Category, Comment, Status
from service.core.policy import Decision, Verdict
from service.core.submissions import Arrival

NO_ID = "without an id, left out"
CLASH = "with the id of another comment of this site, left out"

_COMMENTS: Table = Comment.__table__  # type: ignore[attr-defined]
_BATCH = 500
# What a moderator reads of a comment that nobody had decided.
_UNDECIDED = Verdict(decision=Decision.HOLD, rule="imported", reasons=["It came undecided from another system."])
_HELD = {"verdict": _UNDECIDED.model_dump(mode="json"), **comments.facts(_UNDECIDED)}


@dataclass
class Progress:
    """What has become of an archive so far."""

    stored: Counter[str] = field(default_factory=Counter)  # by status, `spam` apart
    by_blogs: int = 0  # pingbacks and trackbacks among the stored
    known: int = 0  # were there before

    @property
    def seen(self) -> int:
        return self.stored.total() + self.known


def store(database: Database, site_id: UUID, found: Iterable[Entry], damage: Counter[str]) -> Iterator[Progress]:
    """Store what is not there yet; the progress after each batch, which is committed then.

    Whoever is killed begins anew: what is there is looked up, not built and not sent to the database.
    """
    progress = Progress()
    for batch in _batches(found):
        with database.transaction() as session:
            _store(session, site_id, batch, progress, damage)
        yield progress


def _batches(found: Iterable[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in found:
        batch.append(entry)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _store(session: Session, site_id: UUID, batch: Sequence[Entry], progress: Progress, damage: Counter[str]) -> None:
    named = [entry for entry in batch if entry.external_id]
    damage[NO_ID] += len(batch) - len(named)
    there = _there(session, site_id, {entry.external_id for entry in named})
    known = [entry for entry in named if entry.external_id in there]
    clashes = sum(not _is_same(entry, there[entry.external_id]) for entry in known)
    damage[CLASH] += clashes
    progress.known += len(known) - clashes
    new = [past for entry in named if entry.external_id not in there and (past := entries.past(entry, damage))]
    rows = _rows(site_id, new, db.now(session))
    stored = bulk.insert_if_absent(session, _COMMENTS, rows)
    # A file may have a comment twice.
    progress.known += len(new) - len(stored)
    _count(progress, [row for row in rows if (row["id"],) in stored])


def _there(session: Session, site_id: UUID, ids: set[str]) -> dict[str, datetime | None]:
    """Those of the external ids that the site has, and when each comment was written."""
    query = select(_COMMENTS.c.external_id, _COMMENTS.c.posted_at).where(
        _COMMENTS.c.site_id == site_id, bulk.among(session, _COMMENTS.c.external_id, ids)
    )
    return {row.external_id: row.posted_at for row in session.execute(query)}


def _is_same(entry: Entry, written_at: datetime | None) -> bool:
    """Two blogs in one site may count their comments alike; one comment is not written twice."""
    posted_at = entry.fields.get("posted_at")
    return posted_at is None or written_at is None or posted_at == written_at


def _rows(site_id: UUID, pasts: Sequence[Past], now: datetime) -> list[dict[str, Any]]:
    made = submissions.build([Arrival(site_id, past.submission) for past in pasts], now)
    return [{**comment.model_dump(), **_history(past, now)} for comment, past in zip(made, pasts, strict=True)]


def _history(past: Past, now: datetime) -> dict[str, Any]:
    """The columns that tell when it came and what was decided. As old as it is: it is no part of today's traffic."""
    at = past.submission.posted_at or now
    undecided = past.status == Status.HELD
    return {
        "id": db.id_of(at),
        "created_at": at,
        "status": past.status,
        "category": past.category,
        "decided_at": None if undecided else past.decided_at or at,
        "decided_by": past.decided_by,
        **(_HELD if undecided else {}),
    }


def _count(progress: Progress, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        progress.stored[row["category"] if row["category"] == Category.SPAM else row["status"]] += 1
        progress.by_blogs += row["type"] in {"pingback", "trackback"}
