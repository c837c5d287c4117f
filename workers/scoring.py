"""One step of the scorer: claim due comments, score them as one batch, settle them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import bindparam
from sqlmodel import Session, col

from service.core import comments, db, outbox, policy, sites, spot_checks
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Comment, OutboxRow
from service.core.policy import Verdict
from service.core.queue import Topic
from service.core.settings import Settings
from workers import deadline, history, judgement, shadow
from workers.judgement import Case, Scorer
from workers.learning import store

log = structlog.get_logger()

FAILED = "The comment could not be scored; a human decides."
LATE = "Scoring was not available in time; a human decides."


# The texts that an engine gets in one call hold so many characters together, or are one: a call takes seconds at most.
_CALL_CHARACTERS = 10_000
_TRIED = col(OutboxRow.attempts) > 0
_UNTRIED = ~_TRIED
_OVERDUE = col(OutboxRow.created_at) <= bindparam("came_before")
# With a shorter lease too: a machine that is busy must not look like an engine that hangs.
_LEAST_DEADLINE = timedelta(seconds=10)
# What can wait is taken in batches that are so many times smaller.
_FEW = 16


@dataclass(frozen=True)
class Job:
    """A claimed row and its comment."""

    row: OutboxRow
    comment: Comment

    def settlement(self, verdict: Verdict) -> Settlement:
        return Settlement(self.comment.id, self.comment.revision, verdict)


def score_batch(database: Database, scorer: Scorer, settings: Settings) -> int:
    """Settle up to `settings.score_batch` due comments and one more; the number that were claimed, 0: nothing was due.

    The one more was tried before and is claimed alone: it may be what killed its batch. When nothing is due, a few of
    those that can wait have their turn: so few that a comment which comes meanwhile hardly waits for them.
    """
    lease = settings.score_lease
    with database.transaction() as session:
        claim = _claimed(session, outbox.claim(session, Topic.SCORE, settings.score_batch, lease, _UNTRIED))
        is_tried_due = outbox.is_due(session, Topic.SCORE, _TRIED)
    claimed = _score(database, scorer, settings, claim)
    if is_tried_due:
        with database.transaction() as session:
            claim = _claimed(session, outbox.claim(session, Topic.SCORE, 1, lease, _TRIED))
        claimed += _score(database, scorer, settings, claim)
    if not claimed:
        with database.transaction() as session:
            few = max(1, settings.score_batch // _FEW)
            claim = _claimed(session, outbox.claim_waiting(session, Topic.SCORE, few, lease))
        claimed = _score(database, scorer, settings, claim)
    return claimed


@dataclass(frozen=True)
class _Claim:
    rows: Sequence[OutboxRow]
    jobs: Sequence[Job]
    at: float  # by this machine's monotonic clock


def _claimed(session: Session, rows: Sequence[OutboxRow]) -> _Claim:
    """To be committed before anything else is read: whatever may fail from here on counts as an attempt."""
    return _Claim(rows, _jobs(session, rows), time.monotonic())


def _score(database: Database, scorer: Scorer, settings: Settings, claim: _Claim) -> int:
    rows, jobs = claim.rows, claim.jobs
    if not rows:
        return 0
    worn_out = [job for job in jobs if job.row.attempts > settings.score_attempts]
    fresh = [job for job in jobs if job.row.attempts <= settings.score_attempts]
    cases = _cases(database, fresh)
    with deadline.enforced(max(settings.score_lease * 0.8, _LEAST_DEADLINE)):
        tried, verdicts = _judge_in_time(scorer, cases, claim.at + settings.score_lease.total_seconds() / 3)
    verdicts = _timed(claim.at, verdicts) | {job.row.id: policy.unscored(FAILED) for job in worn_out}
    with database.transaction() as session:
        outbox.give_back(session, [job.row for job in fresh if job.row.id not in tried])
        for job in fresh:
            if job.row.id in tried - verdicts.keys():
                outbox.postpone(session, job.row, timedelta(seconds=job.row.attempts))
        settled = _settle(session, rows, jobs, verdicts)
        shares = {case.comment.site_id: case.policy.check_share for case in cases.values()}
        spot_checks.draw(session, settled, shares)
    # After the commit: what a shadow says, or how long it takes, holds no decision back.
    moved = {comment.id for comment in settled}
    seen = [(case, verdicts[row_id]) for row_id, case in cases.items() if case.comment.id in moved]
    shadow.observe(database, scorer, settings, seen)
    return len(rows)


def hold_overdue(database: Database, settings: Settings) -> int:
    """Hold for a human what has waited too long for an engine that is not there; the number that were claimed."""
    with database.transaction() as session:
        came_before = db.now(session) - settings.score_within
        most, lease = settings.score_batch, settings.score_lease
        rows = outbox.claim(session, Topic.SCORE, most, lease, _OVERDUE, came_before=came_before)
        jobs = _jobs(session, rows)
        _settle(session, rows, jobs, {job.row.id: policy.unscored(LATE) for job in jobs})
    return len(rows)


def _jobs(session: Session, rows: Sequence[OutboxRow]) -> list[Job]:
    """What there is to decide. A comment that was erased, or decided by a human meanwhile, gives no job."""
    if not rows:
        return []
    by_id = {comment.id: comment for comment in comments.pending(session, [row.subject_id for row in rows])}
    return [Job(row, comment) for row in rows if (comment := by_id.get(row.subject_id))]


def _cases(database: Database, jobs: Sequence[Job]) -> dict[UUID, Case]:
    """What the decision on each row needs: no database from here on."""
    if not jobs:
        return {}
    pending = [job.comment for job in jobs]
    with database.transaction() as session:
        policies = sites.live_policies(session, {comment.site_id for comment in pending})
        past = history.of(session, pending)
        learned = store.load_all(session, policies.keys())
    return {
        job.row.id: Case(comment, *policies[comment.site_id], past[comment.id], learned[comment.site_id])
        for job, comment in zip(jobs, pending, strict=True)
    }


def _judge_in_time(scorer: Scorer, cases: Mapping[UUID, Case], until: float) -> tuple[set[UUID], dict[UUID, Verdict]]:
    """The rows that were tried, and a verdict for each that did not fail. When it is late, the rest is not begun."""
    tried: set[UUID] = set()
    verdicts: dict[UUID, Verdict] = {}
    for call in _calls(cases):
        if tried and time.monotonic() > until:
            break
        tried |= call.keys()
        verdicts |= _judge(scorer, list(call.items()))
    return tried, verdicts


def _calls(cases: Mapping[UUID, Case]) -> Iterator[dict[UUID, Case]]:
    call: dict[UUID, Case] = {}
    characters = 0
    for row_id, case in cases.items():
        characters += len(case.comment.text)
        if call and characters > _CALL_CHARACTERS:
            yield call
            call, characters = {}, len(case.comment.text)
        call[row_id] = case
    if call:
        yield call


def _judge(scorer: Scorer, cases: Sequence[tuple[UUID, Case]]) -> dict[UUID, Verdict]:
    """A verdict for each outbox row. A batch that fails is halved until what breaks it stands alone, without one."""
    try:
        return _verdicts(scorer, cases)
    except Exception as error:  # noqa: BLE001 - whatever an engine raises, the rest of the batch must be decided
        ids = [str(case.comment.id) for _, case in cases]
        log.warning("scoring.failed", comment_ids=ids, error=type(error).__name__)
    half = len(cases) // 2
    return _judge(scorer, cases[:half]) | _judge(scorer, cases[half:]) if half else {}


def _timed(claimed: float, verdicts: Mapping[UUID, Verdict]) -> dict[UUID, Verdict]:
    """Note with each verdict its share of the time since the claim."""
    share = round(1000 * (time.monotonic() - claimed) / max(len(verdicts), 1), 2)
    return {row_id: verdict.model_copy(update={"latency_ms": share}) for row_id, verdict in verdicts.items()}


def _verdicts(scorer: Scorer, cases: Sequence[tuple[UUID, Case]]) -> dict[UUID, Verdict]:
    started = time.monotonic()
    verdicts = judgement.judge(scorer, [case for _, case in cases])
    log.info("scored", comments=len(cases), milliseconds=round(1000 * (time.monotonic() - started)))
    return {row_id: verdict for (row_id, _), verdict in zip(cases, verdicts, strict=True)}


def _settle(
    session: Session, rows: Sequence[OutboxRow], jobs: Sequence[Job], verdicts: Mapping[UUID, Verdict]
) -> list[Comment]:
    """Close the rows that are mine and have a verdict, or nothing to decide; with a lost lease the verdict is lost.

    Gives back the comments that moved.
    """
    open_rows = {job.row.id for job in jobs} - verdicts.keys()
    mine = outbox.finish(session, [row for row in rows if row.id not in open_rows])
    settled = comments.settle(
        session,
        [job.settlement(verdicts[job.row.id]) for job in jobs if job.row.id in mine],
    )
    if settled:
        # One line a batch: a line takes as long as all that the queue does for a comment.
        told = {str(comment.id): f"{comment.status} {(comment.verdict or {}).get('rule')}" for comment in settled}
        log.info("settled", comments=told)
    return settled
