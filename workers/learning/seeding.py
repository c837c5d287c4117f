"""A past that was decided elsewhere, as lessons: the model knows the site on its first day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from service.core import comments, db, outbox, submissions, text
from service.core.db import Database
from service.core.exchange import entries, tables
from service.core.exchange.files import File
from service.core.models import Category, Comment, Lesson, Status
from service.core.policy import Policy
from service.core.queue import Topic
from service.core.submissions import Submission
from workers import judgement
from workers.judgement import Case, Scorer
from workers.learning import step, trust
from workers.signals.signal import History

_BATCH = 64


@dataclass(frozen=True)
class Decided:
    """A comment that humans have decided; `category`: why it was rejected, None for an approved one."""

    submission: Submission
    category: Category | None


def seed(database: Database, scorer: Scorer, site_id: UUID, decided: Iterable[Decided]) -> int:
    """Teach the site its past, oldest first; the number of lessons. More than a site keeps are not looked at."""
    by_kind: dict[bool, list[Decided]] = defaultdict(list)
    for one in decided:
        by_kind[one.category is None].append(one)
    newest = [one for kind in by_kind.values() for one in kind[-step.MOST_OF_A_KIND :]]
    lessons = list(_lessons(scorer, [_comment(site_id, one) for one in newest]))
    with database.transaction() as session:
        for lesson in lessons:
            lesson.at = db.now(session)
        session.add_all(lessons)
        outbox.put(session, Topic.LEARN, site_id)
    return len(lessons)


def seed_from_history(database: Database, scorer: Scorer, site_id: UUID) -> int:
    """Teach the site what its imported comments were decided to be; the number of new lessons."""
    with database.reading() as session:
        kinds = (Status.APPROVED, Status.REJECTED)
        newest = [comment for kind in kinds for comment in session.exec(_untaught(site_id, kind))]
    # No transaction while they are judged.
    lessons = list(_lessons(scorer, newest))
    with database.transaction() as session:
        there = select(Comment.id).where(col(Comment.id).in_([comment.id for comment in newest]))
        stay = set(session.exec(there.with_for_update(read=True, key_share=True)))
        rows = [
            {**lesson.model_dump(), "comment_id": comment.id, "at": comment.decided_at or comment.created_at}
            for lesson, comment in zip(lessons, newest, strict=True)
            if comment.id in stay
        ]
        if rows:
            # One that a moderator has decided meanwhile has a lesson already, and a newer one.
            session.execute(db.insert(session, Lesson).on_conflict_do_nothing(), rows)
        outbox.put(session, Topic.LEARN, site_id)
    return len(rows)


def read(path: Path) -> Iterator[Decided]:
    """A CSV with a header, or JSON lines: `text`, `status`, and whatever else a submission has.

    Rows without text, or with a status that is no human's decision, are left out.
    """
    file = File(path)
    reader = tables.read_csv if ".csv" in path.suffixes else tables.read_jsonl
    for entry in reader(file, keep_ip=True):
        past = entries.past(entry, file.damage)
        if past and past.status != Status.HELD:
            yield Decided(past.submission, past.category)


def _untaught(site_id: UUID, status: Status) -> SelectOfScalar[Comment]:
    return (
        select(Comment)
        .where(
            col(Comment.site_id) == site_id,
            col(Comment.status) == status,
            col(Comment.decided_by) == comments.IMPORT,
            ~exists().where(col(Lesson.comment_id) == Comment.id),
        )
        .order_by(col(Comment.id).desc())
        .limit(step.MOST_OF_A_KIND)
    )


def _lessons(scorer: Scorer, decided: Sequence[Comment]) -> Iterator[Lesson]:
    """A lesson for each, of no comment yet."""
    for start in range(0, len(decided), _BATCH):
        batch = decided[start : start + _BATCH]
        verdicts = judgement.judge(scorer, [Case(comment, 0, Policy(), History()) for comment in batch])
        for comment, verdict in zip(batch, verdicts, strict=True):
            judged = comment.model_copy(update={"verdict": verdict.model_dump(mode="json")})
            packed = step.example_of(judged).pack()
            yield Lesson(
                site_id=comment.site_id, comment_id=None, category=comment.category, actor=trust.IMPORT, example=packed
            )


def _comment(site_id: UUID, one: Decided) -> Comment:
    return Comment(
        **one.submission.model_dump(),
        site_id=site_id,
        category=one.category,
        author_key=submissions.author_key(one.submission),
        text_fingerprint=text.fingerprint(one.submission.text),
    )
