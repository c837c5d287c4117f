"""One step of learning: claim what is owed, fit the model of each site anew to its lessons, save it.

The model is a function of the lessons, and a comment has one lesson: however often a step is repeated, killed or
overtaken, each verdict counts once, and a verdict that is turned round or erased leaves no trace.
"""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from uuid import UUID

import structlog
from sqlalchemy import bindparam, delete, update
from sqlmodel import Session, col, select

from service.core import db, lessons, outbox
from service.core.db import Database
from service.core.models import Comment, Lesson, OutboxRow, Site, SiteModel
from service.core.policy import Verdict
from service.core.queue import Topic
from service.core.settings import Settings
from workers import reading
from workers.learning import examples, model, shifts, trust
from workers.learning.examples import Example
from workers.learning.model import Head
from workers.learning.trust import Taught

log = structlog.get_logger()

# Lessons that a site keeps: the newest of each kind, and of each moderator, so that nobody pushes the others' out.
MOST_OF_A_KIND = 1000
MOST_OF_A_MODERATOR = 400
_BATCH = 500


@dataclass(frozen=True)
class Course:
    """All that a site learns from at one time: `version` is the model's that was there before."""

    version: int
    taught: Mapping[UUID, Taught]
    new: Sequence[UUID]  # lessons whose example was made just now
    surplus: Sequence[UUID]


def learn_batch(database: Database, settings: Settings) -> int:
    """Teach each site that something is owed to; the number of rows that were claimed, 0: nothing was due."""
    with database.transaction() as session:
        rows = outbox.claim(session, Topic.LEARN, _BATCH, settings.score_lease)
    by_site = attrgetter("subject_id")
    for site_id, owed in itertools.groupby(sorted(rows, key=by_site), key=by_site):
        if course := learn(database, site_id, list(owed)):
            log.info("learnt", site_id=str(site_id), version=course.version + 1, lessons=len(course.taught))
    return len(rows)


def learn(database: Database, site_id: UUID, owed: Sequence[OutboxRow] = ()) -> Course | None:
    """Fit and save the site's next model, and finish what was owed for it; None when another was faster."""
    with database.reading() as session:
        course = read(session, site_id)
    # No transaction while it is fitted: the lessons may be many.
    heads = model.fit(list(course.taught.values()))
    with database.transaction() as session:
        if not _save(session, site_id, course, heads):
            # Learnt by another meanwhile, who may not have seen these: once more, from the start.
            for row in owed:
                outbox.postpone(session, row, timedelta())
            return None
        outbox.finish(session, owed)
    return course


def read(session: Session, site_id: UUID) -> Course:
    # The version first: lessons that come after it are new to whoever saves the next.
    version = session.exec(select(SiteModel.version).where(col(SiteModel.site_id) == site_id)).first()
    kept, surplus = _choose(session, site_id)
    rows = session.exec(select(Lesson).where(col(Lesson.id).in_(kept)).order_by(col(Lesson.id))).all()
    known = {row.id: example for row in rows if (example := examples.unpack(row.example))}
    new = _see(session, [row for row in rows if row.id not in known])
    known |= new
    taught = {row.id: Taught(known[row.id], row.category, row.actor) for row in rows if row.id in known}
    return Course(version or 0, taught, list(new), surplus)


def example_of(comment: Comment) -> Example:
    verdict = Verdict.model_validate(comment.verdict) if comment.verdict else None
    scores, signals = shifts.undo(verdict.scores, verdict.signals) if verdict else ({}, [])
    return examples.of(comment, reading.read(comment.text).normalised, scores, signals, comment.site_id.bytes)


def _choose(session: Session, site_id: UUID) -> tuple[list[UUID], list[UUID]]:
    """Which lessons to keep, and which not."""
    columns = (col(Lesson.id), col(Lesson.category), col(Lesson.actor))
    newest_first = select(*columns).where(col(Lesson.site_id) == site_id)
    counts: Counter[object] = Counter()
    kept: list[UUID] = []
    surplus: list[UUID] = []
    for lesson_id, category, actor in session.exec(newest_first.order_by(col(Lesson.at).desc(), col(Lesson.id).desc())):
        kind, own = category is None, (category is None, actor)
        full = counts[own] >= MOST_OF_A_MODERATOR and actor != trust.IMPORT
        if full or counts[kind] >= MOST_OF_A_KIND:
            surplus.append(lesson_id)
        else:
            kept.append(lesson_id)
            counts.update((kind, own))
    return kept, surplus


def _see(session: Session, rows: Sequence[Lesson]) -> dict[UUID, Example]:
    ids = [row.comment_id for row in rows if row.comment_id]
    comments = {one.id: one for one in session.exec(select(Comment).where(col(Comment.id).in_(ids)))}
    return {row.id: example_of(comments[row.comment_id]) for row in rows if row.comment_id in comments}


def _save(session: Session, site_id: UUID, course: Course, heads: Mapping[str, Head]) -> bool:
    """Whether it was saved: not when another has saved since the course was read."""
    if session.get(Site, site_id) is None:
        return True
    row = lessons.locked_model(session, site_id)
    if row.version != course.version:
        return False
    row.version += 1
    row.taught, row.weights, row.updated_at = len(course.taught), model.save(heads), db.now(session)
    if course.new:
        table = Lesson.__table__  # type: ignore[attr-defined]
        seen = update(table).where(table.c.id == bindparam("lesson")).values(example=bindparam("packed"))
        packed = [{"lesson": one, "packed": course.taught[one].example.pack()} for one in course.new]
        session.connection().execute(seen, packed)
    session.execute(delete(Lesson).where(col(Lesson.id).in_(course.surplus)))
    return True
