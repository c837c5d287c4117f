"""A comment's life. Every change of a status goes through `_tell`, which writes the webhook event with it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Executable, Select, Table, delete, func, or_
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Session, col, select

from service.core import bulk, db, errors, lessons, outbox, policy, reports, sites, spot_checks, webhooks
from service.core.events import CommentEvent, CommentState
from service.core.models import AuditEntry, Category, Comment, Event, IdempotencyKey, Status
from service.core.policy import Decision, Verdict
from service.core.queue import Topic
from service.core.submissions import UNKNOWN, Submission, derived

_COMMENTS: Table = Comment.__table__  # type: ignore[attr-defined]
_AUDIT: Table = AuditEntry.__table__  # type: ignore[attr-defined]
# Who did it, when it was no moderator: the machine, or the blog itself through its key.
POLICY = "policy"
SITE = "site"
# It was decided elsewhere, and came with its history.
IMPORT = "import"

# What becomes of a comment that the policy says this of.
STATUS = {
    Decision.APPROVE: Status.APPROVED,
    Decision.HOLD: Status.HELD,
    Decision.REJECT: Status.REJECTED,
    # Its verdict still says so: the blog need not keep a copy.
    Decision.DISCARD: Status.REJECTED,
}
# What a webhook says in one word, whoever decided.
_DECIDED: dict[Status, Literal["approve", "hold", "reject"]] = {
    Status.APPROVED: "approve",
    Status.HELD: "hold",
    Status.REJECTED: "reject",
}
_TOLD: dict[Status, Literal["comment.pending", "comment.approved", "comment.held", "comment.rejected"]] = {
    Status.PENDING: "comment.pending",
    Status.APPROVED: "comment.approved",
    Status.HELD: "comment.held",
    Status.REJECTED: "comment.rejected",
}
# The columns that a verdict changes, and the row that it changes.
_FACTS = ("rule", "label", "detected_language", "severity", "doubt")
_DECISION = ("id", "status", "sequence", "verdict", "decided_at", "decided_by", "category", *_FACTS)


class MovedOnError(errors.ConflictError):
    """The comment has changed since somebody looked at it."""


@dataclass(frozen=True)
class Review:
    """A human's decision. Without a category the comment is approved."""

    actor: str
    category: Category | None = None
    # The one that the human saw; not given: whatever it is.
    sequence: int | None = None
    # For so long it can be undone without anybody having heard of it.
    delay: timedelta = timedelta()
    # What was done to many at once is undone at once.
    batch_id: UUID | None = None
    # How the human said so, where that was not in the console or by the API.
    via: Literal["mail"] | None = None


@dataclass(frozen=True)
class _Deed:
    """What an audit entry says of a change besides the statuses."""

    action: str
    actor: str
    before: Status
    # The decision before, to go back to.
    was: Mapping[str, Any] | None = None
    batch_id: UUID | None = None
    via: str | None = None


@dataclass(frozen=True)
class Settlement:
    """The machine's verdict on one revision of a comment."""

    comment_id: UUID
    revision: int
    verdict: Verdict


def get(session: Session, site_id: UUID, comment_id: UUID, *, lock: bool = False) -> Comment:
    """The site's comment. Raises NotFoundError for another site's as well: a key cannot probe for ids."""
    query = select(Comment).where(col(Comment.id) == comment_id, col(Comment.site_id) == site_id)
    if lock:
        # As it is now: this transaction may have read it before another changed it.
        query = query.with_for_update().execution_options(populate_existing=True)
    comment = session.exec(query).first()
    if comment is None:
        raise errors.NotFoundError(UNKNOWN)
    return comment


def count_by_author(session: Session, comments: Iterable[Comment]) -> Counter[tuple[UUID, str | None, Status]]:
    """(site, author, status) -> number of comments, for the authors of these.

    What the policy has rejected is no evidence: one wrong rejection would bring about the next.
    """
    authors = {(comment.site_id, comment.author_key) for comment in comments if comment.author_key}
    if not authors:
        return Counter()
    dialect = session.get_bind().dialect.name
    found = session.execute(_counts_by_author(dialect), bulk.pairs(dialect, "authors", authors))
    return Counter({(site_id, key, status): number for site_id, key, status, number in found})


@cache
def _counts_by_author(dialect: str) -> Executable:
    columns = (_COMMENTS.c.site_id, _COMMENTS.c.author_key, _COMMENTS.c.status)
    mine = bulk.pairs_given(dialect, *columns[:2], "authors")
    counted = or_(_COMMENTS.c.status != Status.REJECTED, _COMMENTS.c.decided_by.is_distinct_from(POLICY))
    return sqlalchemy_select(*columns, func.count()).where(mine, counted).group_by(*columns)


def find(
    session: Session,
    site_id: UUID,
    *,
    status: Status | None,
    external_id: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Comment]:
    """The site's comments, newest first, from behind the comment `after`."""
    query = (
        select(Comment)
        .where(col(Comment.site_id) == site_id, ~col(Comment.transient))
        .order_by(col(Comment.id).desc())
        .limit(limit)
    )
    if status:
        query = query.where(col(Comment.status) == status)
    if external_id:
        query = query.where(col(Comment.external_id) == external_id)
    if after:
        query = query.where(col(Comment.id) < after)
    return session.exec(query).all()


def pending(session: Session, ids: Collection[UUID]) -> list[Comment]:
    """Those of the comments that wait for a verdict; the session does not know them."""
    found = session.execute(_pending(session.get_bind().dialect.name, lock=False), {"ids": [*ids]})
    return [db.instance(Comment, row) for row in found.mappings()]


@cache
def _pending(dialect: str, *, lock: bool) -> Select[Any]:
    """Those among `:ids` that are pending."""
    mine = bulk.among_given(dialect, _COMMENTS.c.id, "ids")
    found = sqlalchemy_select(_COMMENTS).where(mine, _COMMENTS.c.status == Status.PENDING)
    # One order for all: two workers that lock each other's rows would wait for ever.
    return found.order_by(_COMMENTS.c.id).with_for_update() if lock else found


def settle(session: Session, settlements: Sequence[Settlement]) -> list[Comment]:
    """Give each comment the machine's verdict. Only a pending one of the same revision moves: a human's word stands.

    In as few statements as one comment takes. Those that moved come back, which the session does not know; a transient
    one has its verdict and stays where it is.
    """
    by_id = {settlement.comment_id: settlement for settlement in settlements}
    locked = session.execute(_pending(session.get_bind().dialect.name, lock=True), {"ids": [*by_id]})
    now = db.now(session)
    settled = [
        db.instance(Comment, {**row, **_decided(by_id[row["id"]].verdict, row, now)})
        for row in locked.mappings()
        if row["revision"] == by_id[row["id"]].revision
    ]
    bulk.update(session, _COMMENTS, [{name: getattr(comment, name) for name in _DECISION} for comment in settled])
    moved = [comment for comment in settled if not comment.transient]
    endpoints = webhooks.enabled(session, {comment.site_id for comment in moved})
    _tell(session, moved, _Deed("settle", POLICY, Status.PENDING), endpoints)
    return moved


def _decided(verdict: Verdict, row: Mapping[Any, Any], now: datetime) -> dict[str, Any]:
    """What a verdict changes in a comment's row; of a transient one, nothing that anybody else would see."""
    if row["transient"]:
        return {"verdict": verdict.model_dump(mode="json")}
    return {
        "status": STATUS[verdict.decision],
        "sequence": row["sequence"] + 1,
        "verdict": verdict.model_dump(mode="json"),
        "decided_at": now,
        "decided_by": POLICY,
        "category": Category(verdict.category) if verdict.category else None,
        **facts(verdict),
    }


def facts(verdict: Verdict) -> dict[str, Any]:
    """Of a verdict, what moderators sort and filter by."""
    label = max(verdict.scores, key=lambda label: verdict.scores[label], default=None)
    severity = verdict.scores[label] if label else 0.0
    return {
        "rule": verdict.rule,
        "label": label,
        "detected_language": verdict.language,
        "severity": severity,
        "doubt": 1 - abs(2 * severity - 1) if label else 1.0,
    }


def review(
    session: Session,
    site_id: UUID,
    comment_id: UUID,
    *,
    approve: bool,
    category: Category | None,
    actor: str,
    sequence: int | None = None,
) -> Comment:
    """A human decides, and the blog hears of it at once. Raises as `carry_out` does."""
    category = None if approve else category or Category.OTHER
    return carry_out(session, site_id, comment_id, Review(actor, category, sequence))


def carry_out(session: Session, site_id: UUID, comment_id: UUID, review: Review) -> Comment:
    """A human decides.

    Raises MovedOnError when the comment has moved on since the human saw it. Deciding the same again changes nothing
    and tells nobody, unless readers have reported the comment since.
    """
    comment = get(session, site_id, comment_id, lock=True)
    to = Status.REJECTED if review.category else Status.APPROVED
    is_same = (comment.status, comment.category) == (to, review.category)
    same = is_same and comment.decided_by != POLICY and not comment.reports
    # A double click sends the sequence that it saw before its own first click.
    if same and (review.sequence is None or comment.decided_by == review.actor):
        return comment
    if review.sequence is not None and comment.sequence != review.sequence:
        raise MovedOnError
    deed = _Deed("review", review.actor, comment.status, _decision(comment), review.batch_id, review.via)
    comment.decided_by, comment.decided_at, comment.category = review.actor, db.now(session), review.category
    _move(session, comment, to, deed, review.delay)
    reports.answer(session, comment)
    spot_checks.answer(session, comment)
    lessons.record(session, comment)
    return comment


def put_back(session: Session, entry: AuditEntry, actor: str) -> Comment:
    """Undo the review that the entry tells of. What was not sent yet is never sent; else the blog is told anew.

    The sequence goes on in any case: who saw the comment in between must not take it for what it is then.
    Raises MovedOnError when the comment has moved on since.
    """
    comment = get(session, entry.site_id, entry.comment_id, lock=True)
    if comment.sequence != entry.sequence or entry.before is None:
        raise MovedOnError
    recalled = webhooks.recall(session, comment)
    deed = _Deed("undo", actor, comment.status, batch_id=entry.batch_id)
    was = (entry.detail or {}).get("was", {})
    comment.decided_by = was.get("decided_by")
    comment.decided_at = datetime.fromisoformat(was["decided_at"]) if was.get("decided_at") else None
    comment.category = Category(was["category"]) if was.get("category") else None
    entry.undone_at = db.now(session)
    reports.reopen(session, comment, entry.sequence)
    spot_checks.reopen(session, comment, entry.sequence)
    _move(session, comment, entry.before, deed, None if recalled else timedelta())
    if comment.decided_by in {None, POLICY}:
        lessons.forget(session, comment)
    else:
        lessons.record(session, comment)
    return comment


def hold_reported(session: Session, comment: Comment) -> None:
    """Hold what the machine has approved once as many readers report it as the site's rules say; a human's word stands.

    The caller has locked the comment.
    """
    rules = sites.live_policies(session, {comment.site_id})[comment.site_id][1]
    number = comment.reports or 0
    is_enough = rules.hold_after_reports is not None and number >= rules.hold_after_reports
    if not is_enough or (comment.status, comment.decided_by) != (Status.APPROVED, POLICY):
        return
    verdict = policy.reported(Verdict.model_validate(comment.verdict), number)
    comment.verdict, comment.rule, comment.decided_at = verdict.model_dump(mode="json"), verdict.rule, db.now(session)
    _move(session, comment, Status.HELD, _Deed("hold_reported", POLICY, Status.APPROVED), timedelta())


def edit(session: Session, site_id: UUID, comment_id: UUID, submission: Submission) -> Comment:
    """Take over a changed comment: it is pending again and decided anew. The same content changes nothing."""
    comment = get(session, site_id, comment_id, lock=True)
    content = {**submission.model_dump(exclude={"extra", "external_id"}), **derived(submission)}
    changed = {name: value for name, value in content.items() if getattr(comment, name) != value}
    comment.extra = submission.extra
    if not changed:
        return comment
    for name, value in changed.items():
        setattr(comment, name, value)
    comment.revision += 1
    comment.verdict = comment.decided_at = comment.decided_by = comment.category = None
    for fact in _FACTS:
        setattr(comment, fact, None)
    _move(session, comment, Status.PENDING, _Deed("edit", SITE, comment.status), timedelta())
    lessons.forget(session, comment)
    spot_checks.forget(session, comment)
    outbox.put(session, Topic.SCORE, comment.id)
    return comment


def reconsider(session: Session, found: Sequence[Comment]) -> None:
    """Have the machine decide comments, which the caller has locked, as if they were new, when nothing else is to do.

    Nobody is told until it has: what is published stays so.
    """
    now = db.now(session)
    deeds = [(one, _Deed("reconsider", one.decided_by or SITE, one.status)) for one in found]
    bulk.insert(session, _AUDIT, [_entry(one, now, deed, Status.PENDING) for one, deed in deeds])
    undecided = dict.fromkeys(("verdict", "decided_at", "decided_by", "category", *_FACTS))
    bulk.update(session, _COMMENTS, [{"id": one.id, "status": Status.PENDING, **undecided} for one in found])
    outbox.put_all(session, Topic.SCORE, [(one.id, None) for one in found], can_wait=True)


def erase(session: Session, site_id: UUID, comment_id: UUID, actor: str) -> None:
    """Forget the comment, its events and its deliveries. Only the audit log keeps that it was there."""
    erase_all(session, [get(session, site_id, comment_id, lock=True)], actor)


def erase_all(session: Session, found: Sequence[Comment], actor: str) -> None:
    """Forget these comments, which the caller has locked."""
    ids = [comment.id for comment in found]
    # Locked before their outbox rows, in the order of a courier that records an attempt: else each waits for the other.
    of_them = select(Event.id).where(col(Event.comment_id).in_(ids)).order_by(col(Event.id))
    events = session.exec(of_them.with_for_update()).all()
    outbox.forget(session, [*ids, *events])
    session.execute(delete(IdempotencyKey).where(col(IdempotencyKey.comment_id).in_(ids)))
    now = db.now(session)
    gone = [_entry(comment, now, _Deed("erase", actor, comment.status), None) for comment in found]
    bulk.insert(session, _AUDIT, gone)
    for comment in found:
        lessons.forget(session, comment)
        session.delete(comment)


def _move(session: Session, comment: Comment, to: Status, deed: _Deed, delay: timedelta | None) -> None:
    """Change the status, and tell it after the delay; without one, tell nobody: nobody knew of the status before."""
    comment.status = to
    comment.sequence += 1
    session.add(comment)
    if delay is None:
        bulk.insert(session, _AUDIT, [_entry(comment, db.now(session), deed, to)])
    else:
        _tell(session, [comment], deed, webhooks.enabled(session, {comment.site_id}), delay)


def _tell(
    session: Session,
    moved: Sequence[Comment],
    deed: _Deed,
    endpoints: Mapping[UUID, Collection[UUID]],
    delay: timedelta = timedelta(),
) -> None:
    """Write the audit entries of changed statuses, and owe the blogs' `endpoints` the events that tell them."""
    now = db.now(session)
    bulk.insert(session, _AUDIT, [_entry(comment, now, deed, comment.status) for comment in moved])
    told = [
        (comment, CommentEvent(type=_TOLD[comment.status], timestamp=now, data=state(comment))) for comment in moved
    ]
    webhooks.emit(session, told, endpoints, delay)


def state(comment: Comment) -> CommentState:
    verdict = comment.verdict or {}
    return CommentState(
        id=comment.id,
        external_id=comment.external_id,
        status=comment.status,
        decision=_DECIDED.get(comment.status),
        sequence=comment.sequence,
        decided_by=comment.decided_by,
        category=comment.category,
        rule=verdict.get("rule"),
        reasons=verdict.get("reasons", []),
        scores=verdict.get("scores", {}),
        engine=verdict.get("engine"),
        policy_version=verdict.get("policy_version"),
        signals=verdict.get("signals", []),
        spans=verdict.get("spans", []),
        latency_ms=verdict.get("latency_ms"),
        metadata=comment.extra,
    )


def _decision(comment: Comment) -> dict[str, Any]:
    """What `put_back` needs of a decision, as JSON."""
    at = comment.decided_at
    return {
        "decided_by": comment.decided_by,
        "decided_at": at.isoformat() if at else None,
        "category": comment.category,
    }


def _entry(comment: Comment, at: datetime, deed: _Deed, after: Status | None) -> dict[str, Any]:
    """The audit entry of a status before and after; None: it is erased."""
    more = {name: value for name, value in (("was", deed.was), ("via", deed.via)) if value}
    return {
        "id": db.new_id(),
        "site_id": comment.site_id,
        "comment_id": comment.id,
        "at": at,
        "actor": deed.actor,
        "action": deed.action,
        "sequence": comment.sequence,
        "before": deed.before,
        "after": after,
        "detail": {"rule": (comment.verdict or {}).get("rule"), "category": comment.category, **more},
        "batch_id": deed.batch_id,
    }
