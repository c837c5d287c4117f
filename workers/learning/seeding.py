"""A past that was decided elsewhere, as lessons: the model knows the site on its first day."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from service.core import db, outbox, submissions, text
from service.core.db import Database
from service.core.models import Category, Comment, Lesson
from service.core.policy import Policy
from service.core.queue import Topic
from service.core.submissions import Submission
from workers import judgement
from workers.judgement import Case, Scorer
from workers.learning import step, trust
from workers.signals.signal import History

_BATCH = 64
_APPROVED = {"approved", "approve", "published", "ham", "1"}
# WordPress, Disqus and our own words; whatever else is not decided yet.
_REJECTED = {
    "spam": Category.SPAM,
    "toxic": Category.TOXIC,
    "off_topic": Category.OFF_TOPIC,
    "rejected": Category.OTHER,
    "reject": Category.OTHER,
    "trash": Category.OTHER,
    "deleted": Category.OTHER,
}


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
    lessons = [
        lesson
        for start in range(0, len(newest), _BATCH)
        for lesson in _lessons(scorer, site_id, newest[start : start + _BATCH])
    ]
    with database.transaction() as session:
        for lesson in lessons:
            lesson.at = db.now(session)
        session.add_all(lessons)
        outbox.put(session, Topic.LEARN, site_id)
    return len(lessons)


def read(path: Path) -> Iterator[Decided]:
    """A CSV with a header, or JSON lines: `text`, `status`, and whatever else a submission has.

    Rows without text, or with a status that is no human's decision, are left out.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows: Iterable[dict[str, Any]] = (
            csv.DictReader(file)
            if path.suffix.lower() == ".csv"
            else (json.loads(line) for line in file if line.strip())
        )
        for row in rows:
            if decided := _decided(row):
                yield decided


def _decided(row: dict[str, Any]) -> Decided | None:
    status = str(row.get("category") or row.get("status") or "").strip().casefold()
    fields = {name: value for name, value in row.items() if name in Submission.model_fields and value}
    if status not in _APPROVED and status not in _REJECTED:
        return None
    try:
        return Decided(Submission.model_validate(fields), _REJECTED.get(status))
    except ValidationError:
        return None


def _lessons(scorer: Scorer, site_id: UUID, decided: Sequence[Decided]) -> Iterator[Lesson]:
    comments_of = [_comment(site_id, one.submission) for one in decided]
    verdicts = judgement.judge(scorer, [Case(comment, 0, Policy(), History()) for comment in comments_of])
    for comment, verdict, one in zip(comments_of, verdicts, decided, strict=True):
        comment.verdict = verdict.model_dump(mode="json")
        packed = step.example_of(comment).pack()
        yield Lesson(site_id=site_id, comment_id=None, category=one.category, actor=trust.IMPORT, example=packed)


def _comment(site_id: UUID, submission: Submission) -> Comment:
    return Comment(
        **submission.model_dump(),
        site_id=site_id,
        author_key=submissions.author_key(submission),
        text_fingerprint=text.fingerprint(submission.text),
    )
