"""One step of the scorer: claim due comments, score them as one batch, settle them."""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from service.core import comments, db, markup, outbox, policy, sites, text
from service.core.comments import Settlement
from service.core.db import Database
from service.core.labels import SPAM, Scores
from service.core.models import Comment, OutboxRow, Status
from service.core.policy import Evidence, Policy, Signal, Verdict
from service.core.queue import Topic
from service.core.settings import Settings
from workers import history, signals
from workers.engines.engine import Engine
from workers.signals import links
from workers.signals.signal import History, Sighting

log = structlog.get_logger()

FAILED = "The comment could not be scored; a human decides."
LATE = "Scoring was not available in time; a human decides."

# The text model comes from YouTube and SMS, far from blogs: half its log-odds count, within limits, and its even prior
# gives way to one spam comment in four. So text alone holds nothing, and tips the balance of what else there is.
_TEXT_WEIGHT = 0.5
_TEXT_LIMIT = 3.0
_PRIOR = -1.0


class SpamModel(Protocol):
    @property
    def version(self) -> str: ...

    def log_odds(self, texts: Sequence[str]) -> list[float]: ...


@dataclass(frozen=True)
class Scorer:
    """What reads the text: an engine for toxicity and a model for spam."""

    engine: Engine
    spam: SpamModel

    @property
    def label(self) -> str:
        return f"{self.engine.name} {self.engine.version}, spam {self.spam.version}"


@dataclass(frozen=True)
class Job:
    """A claimed comment with all that its decision needs: no database from here on."""

    row: OutboxRow
    comment: Comment
    policy_version: int
    policy: Policy
    history: History


def score_batch(database: Database, scorer: Scorer, settings: Settings) -> int:
    """Settle up to `settings.score_batch` due comments and one more; the number that were claimed, 0: nothing was due.

    The one more was tried before and is claimed alone: it may be what killed its batch.
    """
    fresh = _score(database, scorer, settings, settings.score_batch, col(OutboxRow.attempts) == 0)
    return fresh + _score(database, scorer, settings, 1, col(OutboxRow.attempts) > 0)


def _score(database: Database, scorer: Scorer, settings: Settings, limit: int, condition: ColumnElement[bool]) -> int:
    with database.transaction() as session:
        rows = outbox.claim(session, Topic.SCORE, limit, settings.score_lease, condition)
        jobs = _jobs(session, rows)
    if not rows:
        return 0
    fresh = [job for job in jobs if job.row.attempts <= settings.score_attempts]
    worn_out = [job for job in jobs if job.row.attempts > settings.score_attempts]
    verdicts = _judge(scorer, fresh) | {job.row.id: policy.unscored(FAILED) for job in worn_out}
    with database.transaction() as session:
        for job in fresh:
            if job.row.id not in verdicts:
                outbox.postpone(session, job.row, timedelta(seconds=job.row.attempts))
        _settle(session, rows, jobs, verdicts)
    return len(rows)


def hold_overdue(database: Database, settings: Settings) -> int:
    """Hold for a human what has waited too long for an engine that is not there; the number that were claimed."""
    with database.transaction() as session:
        overdue = col(OutboxRow.created_at) <= db.now(session) - settings.score_within
        rows = outbox.claim(session, Topic.SCORE, settings.score_batch, settings.score_lease, overdue)
        jobs = _jobs(session, rows)
        _settle(session, rows, jobs, {job.row.id: policy.unscored(LATE) for job in jobs})
    return len(rows)


def _jobs(session: Session, rows: Sequence[OutboxRow]) -> list[Job]:
    """What there is to decide. A comment that was erased, or decided by a human meanwhile, gives no job."""
    pending = session.exec(
        select(Comment).where(
            col(Comment.id).in_([row.subject_id for row in rows]), col(Comment.status) == Status.PENDING
        )
    ).all()
    by_id = {comment.id: comment for comment in pending}
    policies = sites.live_policies(session, {comment.site_id for comment in pending})
    past = history.of(session, pending)
    return [
        Job(row, comment, *policies[comment.site_id], past[comment.id])
        for row in rows
        if (comment := by_id.get(row.subject_id))
    ]


def _judge(scorer: Scorer, jobs: Sequence[Job]) -> dict[UUID, Verdict]:
    """A verdict for each outbox row. A batch that fails is halved until what breaks it stands alone, without one."""
    if not jobs:
        return {}
    try:
        return _verdicts(scorer, jobs)
    except Exception as error:  # noqa: BLE001 - whatever an engine raises, the rest of the batch must be decided
        ids = [str(job.comment.id) for job in jobs]
        log.warning("scoring.failed", comment_ids=ids, error=type(error).__name__)
    half = len(jobs) // 2
    return _judge(scorer, jobs[:half]) | _judge(scorer, jobs[half:]) if half else {}


def _verdicts(scorer: Scorer, jobs: Sequence[Job]) -> dict[UUID, Verdict]:
    started = time.monotonic()
    plain = [markup.plain(job.comment.text) for job in jobs]
    toxicity = scorer.engine.score(plain)
    # Links have their own signals; the text model would count them again.
    spam = scorer.spam.log_odds([links.without(text) for text in plain])
    verdicts = {}
    for job, scores, log_odds, shown in zip(jobs, toxicity, spam, plain, strict=True):
        seen = signals.collect(Sighting(job.comment, text.normalise(shown), job.history))
        evidence = _evidence(job, {**scores, SPAM: _spam(log_odds, seen)}, seen, shown)
        verdict = policy.decide(job.policy, evidence)
        verdicts[job.row.id] = verdict.model_copy(update={"engine": scorer.label, "policy_version": job.policy_version})
    log.info("scored", comments=len(jobs), milliseconds=round(1000 * (time.monotonic() - started)))
    return verdicts


def _evidence(job: Job, scores: Scores, seen: Sequence[Signal], shown: str) -> Evidence:
    names = {name.casefold() for name in (job.comment.author_email, job.comment.author_id) if name}
    return Evidence(
        text=text.normalise(shown),
        scores={label: round(score, 4) for label, score in scores.items()},
        links=links.count(job.comment.text),
        signals=seen,
        author_names=frozenset(names),
        author_approved=job.history.author_approved,
    )


def _spam(log_odds: float, seen: Sequence[Signal]) -> float:
    """The prior, the text and the signals, added up as log-odds."""
    text = _TEXT_WEIGHT * max(-_TEXT_LIMIT, min(_TEXT_LIMIT, log_odds))
    total = _PRIOR + text + sum(signal.weight for signal in seen)
    return 1 / (1 + math.exp(-total))


def _settle(session: Session, rows: Sequence[OutboxRow], jobs: Sequence[Job], verdicts: Mapping[UUID, Verdict]) -> None:
    """Close the rows that are mine and have a verdict, or nothing to decide; with a lost lease the verdict is lost."""
    open_rows = {job.row.id for job in jobs} - verdicts.keys()
    mine = outbox.finish(session, [row for row in rows if row.id not in open_rows])
    settled = comments.settle(
        session,
        [Settlement(job.comment.id, job.comment.revision, verdicts[job.row.id]) for job in jobs if job.row.id in mine],
    )
    for comment in settled:
        log.info(
            "settled",
            comment_id=str(comment.id),
            status=comment.status,
            rule=(comment.verdict or {}).get("rule"),
        )
