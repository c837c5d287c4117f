"""A comment's life. Every change of a status goes through `_tell`, which writes the webhook event with it."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import field_validator
from sqlalchemy import Select, Table, delete, func, or_, tuple_
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Field, Session, col, select

from service.core import bulk, db, errors, lessons, outbox, text, webhooks
from service.core.events import CommentEvent, CommentState
from service.core.models import AuditEntry, Category, Comment, Content, Event, IdempotencyKey, Status, Text
from service.core.policy import Decision, Verdict
from service.core.queue import Topic

_UNKNOWN = "There is no such comment at this site."
_COMMENTS: Table = Comment.__table__  # type: ignore[attr-defined]
_AUDIT: Table = AuditEntry.__table__  # type: ignore[attr-defined]
_KEYS: Table = IdempotencyKey.__table__  # type: ignore[attr-defined]
# A row's columns that no submission fills.
_BLANK = {
    name: field.default
    for name, field in Comment.model_fields.items()
    if not field.is_required() and field.default_factory is None
}
# By a repeat's id: the comment that it repeats, or what is wrong with it.
First = dict[UUID, Comment | errors.GatepostError]
METADATA_LIMIT = 4096
METADATA_DEPTH = 20
# Who did it, when it was no moderator: the machine, or the blog itself through its key.
POLICY = "policy"
SITE = "site"

_STATUS = {
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
_DECISION = ("id", "status", "sequence", "verdict", "decided_at", "decided_by", "category")


class Submission(Content):
    """A comment as it comes in."""

    # SQLModel drops `extra` as an argument of the class.
    model_config = {"extra": "forbid"}  # noqa: RUF012 - pydantic's own, which it copies

    external_id: Text | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        description="The blog's own id of the comment. Sending the same id again gives back the first comment.",
        schema_extra={"examples": ["c-42"]},
    )
    # Named so because SQLAlchemy keeps the name `metadata` for itself.
    extra: dict[str, Any] = Field(
        default_factory=dict,
        alias="metadata",
        description=f"Anything, up to {METADATA_LIMIT} bytes of JSON; comes back in webhooks.",
    )

    @field_validator("extra")
    @classmethod
    def _fits(cls, extra: dict[str, Any]) -> dict[str, Any]:
        # Before it is encoded: past some depth neither `json` nor pydantic can.
        if _is_deeper(extra, METADATA_DEPTH):
            raise ValueError(f"must not be nested deeper than {METADATA_DEPTH} levels")
        # PostgreSQL takes neither NUL nor lone surrogates; the latter do not encode.
        encoded = json.dumps(extra, allow_nan=False, ensure_ascii=False).encode()
        if len(encoded) > METADATA_LIMIT or b"\\u0000" in encoded:
            raise ValueError(f"must be at most {METADATA_LIMIT} bytes of JSON, without NUL characters")
        return extra


@dataclass(frozen=True)
class Settlement:
    """The machine's verdict on one revision of a comment."""

    comment_id: UUID
    revision: int
    verdict: Verdict


@dataclass(frozen=True)
class Once:
    """An `Idempotency-Key`, and what tells the body that came with it from others."""

    key: str
    body_hash: str


@dataclass(frozen=True)
class Arrival:
    """A submission at its site, and its key if it has one."""

    site_id: UUID
    submission: Submission
    once: Once | None = None


def arrival(site_id: UUID, submission: Submission, idempotency_key: str | None = None) -> Arrival:
    once = Once(idempotency_key, _body_hash([submission])) if idempotency_key else None
    return Arrival(site_id, submission, once)


def submit(session: Session, site_id: UUID, submission: Submission, idempotency_key: str | None = None) -> Comment:
    """Store the comment and owe its scoring. A repeat (same key, or same external id) gives back the first comment.

    Raises IdempotencyConflictError when the key came before with another body.
    """
    return _all(submit_each(session, [arrival(site_id, submission, idempotency_key)]))[0]


def submit_all(
    session: Session, site_id: UUID, submissions: Sequence[Submission], idempotency_key: str | None = None
) -> list[Comment]:
    """Submit many in one transaction; the comments, in the order of the submissions. Raises as `submit` does."""
    once = _once_each(submissions, idempotency_key)
    return _all(submit_each(session, [Arrival(site_id, *each) for each in zip(submissions, once, strict=True)]))


def _all(outcomes: Sequence[Comment | errors.GatepostError]) -> list[Comment]:
    for outcome in outcomes:
        if isinstance(outcome, errors.GatepostError):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, Comment)]


def submit_each(session: Session, arrivals: Sequence[Arrival]) -> list[Comment | errors.GatepostError]:
    """Submit many, of any sites, each for itself: its comment, or what `submit` would raise for it.

    In as few statements as one comment takes: many must not wait for the database hundreds of times.
    """
    made = build(arrivals, db.now(session))
    keyed = [(comment, one.once) for comment, one in zip(made, arrivals, strict=True) if one.once]
    first = _by_key(session, keyed)
    new = [comment for comment in made if comment.id not in first]
    # Stored in one order for all: two that hold the same external ids crosswise would wait for each other.
    in_order = sorted(new, key=lambda comment: (comment.site_id, comment.external_id or ""))
    stored = db.insert_if_absent(session, _COMMENTS, [comment.model_dump() for comment in in_order])
    first |= _by_external_id(session, [comment for comment in new if (comment.id,) not in stored], keyed)
    outbox.put_all(session, Topic.SCORE, [(comment.id, None) for comment in new if (comment.id,) in stored])
    return [_followed(comment, first) for comment in made]


def build(arrivals: Sequence[Arrival], now: datetime) -> list[Comment]:
    """The comments as they would be stored."""
    made = []
    for one in arrivals:
        content = one.submission
        own = {"id": db.new_id(), "site_id": one.site_id, "created_at": now}
        made.append(db.instance(Comment, {**_BLANK, **vars(content), **_derived(content), **own}))
    return made


def _followed(comment: Comment, first: First) -> Comment | errors.GatepostError:
    """A repeat's first may itself be a repeat: by its key of a mate, which is one by its external id."""
    found: Comment | errors.GatepostError = comment
    while isinstance(found, Comment) and found.id in first:
        found = first[found.id]
    return found


def get(session: Session, site_id: UUID, comment_id: UUID, *, lock: bool = False) -> Comment:
    """The site's comment. Raises NotFoundError for another site's as well: a key cannot probe for ids."""
    query = select(Comment).where(col(Comment.id) == comment_id, col(Comment.site_id) == site_id)
    if lock:
        # As it is now: this transaction may have read it before another changed it.
        query = query.with_for_update().execution_options(populate_existing=True)
    comment = session.exec(query).first()
    if comment is None:
        raise errors.NotFoundError(_UNKNOWN)
    return comment


def count_by_author(session: Session, comments: Iterable[Comment]) -> Counter[tuple[UUID, str | None, Status]]:
    """(site, author, status) -> number of comments, for the authors of these.

    What the policy has rejected is no evidence: one wrong rejection would bring about the next.
    """
    authors = {(comment.site_id, comment.author_key) for comment in comments if comment.author_key}
    if not authors:
        return Counter()
    columns = (col(Comment.site_id), col(Comment.author_key), col(Comment.status))
    mine = tuple_(*columns[:2]).in_(authors)
    counted = or_(col(Comment.status) != Status.REJECTED, col(Comment.decided_by).is_distinct_from(POLICY))
    query = sqlalchemy_select(*columns, func.count()).where(mine, counted).group_by(*columns)
    return Counter({(site_id, key, status): number for site_id, key, status, number in session.execute(query)})


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
    query = select(Comment).where(col(Comment.site_id) == site_id).order_by(col(Comment.id).desc()).limit(limit)
    if status:
        query = query.where(col(Comment.status) == status)
    if external_id:
        query = query.where(col(Comment.external_id) == external_id)
    if after:
        query = query.where(col(Comment.id) < after)
    return session.exec(query).all()


def pending(session: Session, ids: Collection[UUID]) -> list[Comment]:
    """Those of the comments that wait for a verdict; the session does not know them."""
    return [db.instance(Comment, row) for row in session.execute(_pending(session, ids)).mappings()]


def _pending(session: Session, ids: Collection[UUID]) -> Select[Any]:
    return sqlalchemy_select(_COMMENTS).where(
        bulk.among(session, _COMMENTS.c.id, ids), _COMMENTS.c.status == Status.PENDING
    )


def settle(session: Session, settlements: Sequence[Settlement]) -> list[Comment]:
    """Give each comment the machine's verdict. Only a pending one of the same revision moves: a human's word stands.

    In as few statements as one comment takes; what comes back the session does not know.
    """
    by_id = {settlement.comment_id: settlement for settlement in settlements}
    # One order for all: two workers that lock each other's rows would wait for ever.
    locked = _pending(session, by_id).order_by(_COMMENTS.c.id).with_for_update()
    now = db.now(session)
    settled = [
        db.instance(Comment, {**row, **_decided(by_id[row["id"]].verdict, row["sequence"] + 1, now)})
        for row in session.execute(locked).mappings()
        if row["revision"] == by_id[row["id"]].revision
    ]
    bulk.update(session, _COMMENTS, [{name: getattr(comment, name) for name in _DECISION} for comment in settled])
    endpoints = webhooks.enabled(session, {comment.site_id for comment in settled})
    _tell(session, settled, "settle", Status.PENDING, endpoints)
    return settled


def _decided(verdict: Verdict, sequence: int, now: datetime) -> dict[str, Any]:
    """What a verdict changes."""
    return {
        "status": _STATUS[verdict.decision],
        "sequence": sequence,
        "verdict": verdict.model_dump(mode="json"),
        "decided_at": now,
        "decided_by": POLICY,
        "category": Category(verdict.category) if verdict.category else None,
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
    """A human decides.

    `sequence` is the one that the human saw; raises ConflictError when the comment has moved on since. Deciding the
    same again changes nothing and tells nobody.
    """
    comment = get(session, site_id, comment_id, lock=True)
    to = Status.APPROVED if approve else Status.REJECTED
    category = None if approve else category or Category.OTHER
    same = (comment.status, comment.category) == (to, category) and comment.decided_by != POLICY
    # A double click sends the sequence that it saw before its own first click.
    if same and (sequence is None or comment.decided_by == actor):
        return comment
    if sequence is not None and comment.sequence != sequence:
        raise errors.ConflictError
    _set_decision(session, comment, actor, category)
    _move(session, comment, to, "review", webhooks.enabled(session, {site_id}))
    lessons.record(session, comment)
    return comment


def edit(session: Session, site_id: UUID, comment_id: UUID, submission: Submission) -> Comment:
    """Take over a changed comment: it is pending again and decided anew. The same content changes nothing."""
    comment = get(session, site_id, comment_id, lock=True)
    content = {**submission.model_dump(exclude={"extra", "external_id"}), **_derived(submission)}
    changed = {name: value for name, value in content.items() if getattr(comment, name) != value}
    comment.extra = submission.extra
    if not changed:
        return comment
    for name, value in changed.items():
        setattr(comment, name, value)
    comment.revision += 1
    comment.verdict = comment.decided_at = comment.decided_by = comment.category = None
    _move(session, comment, Status.PENDING, "edit", webhooks.enabled(session, {site_id}))
    lessons.forget(session, comment)
    outbox.put(session, Topic.SCORE, comment.id)
    return comment


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
    bulk.insert(session, _AUDIT, [_entry(comment, now, actor, "erase", (comment.status, None)) for comment in found])
    for comment in found:
        lessons.forget(session, comment)
        session.delete(comment)


def _move(
    session: Session, comment: Comment, to: Status, action: str, endpoints: Mapping[UUID, Collection[UUID]]
) -> None:
    """Change the status, and tell it."""
    before, comment.status = comment.status, to
    comment.sequence += 1
    session.add(comment)
    _tell(session, [comment], action, before, endpoints)


def _tell(
    session: Session, moved: Sequence[Comment], action: str, before: Status, endpoints: Mapping[UUID, Collection[UUID]]
) -> None:
    """Write the audit entries of changed statuses, and owe the blogs' `endpoints` the events that tell them."""
    now = db.now(session)
    entries = [_entry(comment, now, comment.decided_by or SITE, action, (before, comment.status)) for comment in moved]
    bulk.insert(session, _AUDIT, entries)
    told = [
        (comment, CommentEvent(type=_TOLD[comment.status], timestamp=now, data=state(comment))) for comment in moved
    ]
    webhooks.emit(session, told, endpoints)


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


def _is_deeper(value: object, levels: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inside is not None and (levels == 0 or any(_is_deeper(one, levels - 1) for one in inside))


def author_key(content: Content) -> str | None:
    """What tells an author who comes back: the account if the blog has accounts, else the e-mail address."""
    if content.author_id:
        return f"id:{content.author_id}"
    return f"mail:{content.author_email.casefold()}" if content.author_email else None


def _derived(content: Content) -> dict[str, Any]:
    return {"author_key": author_key(content), "text_fingerprint": text.fingerprint(content.text)}


def _set_decision(session: Session, comment: Comment, actor: str, category: Category | None) -> None:
    comment.decided_by = actor
    comment.decided_at = db.now(session)
    comment.category = category


def _entry(
    comment: Comment, at: datetime, actor: str, action: str, change: tuple[Status, Status | None]
) -> dict[str, Any]:
    """The audit entry of a status before and after; None: it is erased."""
    before, after = change
    return {
        "id": db.new_id(),
        "site_id": comment.site_id,
        "comment_id": comment.id,
        "at": at,
        "actor": actor,
        "action": action,
        "sequence": comment.sequence,
        "before": before,
        "after": after,
        "detail": {"rule": (comment.verdict or {}).get("rule"), "category": comment.category},
    }


def _body_hash(submissions: Sequence[Submission]) -> str:
    # Without defaults: a release that adds a field must not make a retry from before it look different.
    encoded = "\n".join(submission.model_dump_json(exclude_defaults=True) for submission in submissions)
    return hashlib.sha256(encoded.encode()).hexdigest()


def _once_each(submissions: Sequence[Submission], key: str | None) -> list[Once] | list[None]:
    """A key of its own for each comment of a batch; the body is the whole batch."""
    if key is None:
        return [None] * len(submissions)
    body_hash = _body_hash(submissions)
    key_hash = hashlib.sha256(key.encode()).hexdigest()
    return [Once(f"batch {key_hash} {number}", body_hash) for number in range(len(submissions))]


def _by_key(session: Session, keyed: Sequence[tuple[Comment, Once]]) -> First:
    """Take the keys. For each comment whose key came before, by its id: the first comment with it."""
    takers: dict[tuple[UUID, str], tuple[Comment, Once]] = {}
    for comment, once in keyed:
        takers.setdefault((comment.site_id, once.key), (comment, once))
    now = db.now(session)
    rows = [
        {"site_id": site_id, "comment_id": comment.id, "created_at": now, **asdict(once)}
        # In one order for all, as the comments.
        for (site_id, _), (comment, once) in sorted(takers.items(), key=lambda item: item[0])
    ]
    taken = {takers[key][0].id for key in db.insert_if_absent(session, _KEYS, rows)}
    repeats = [(comment, once) for comment, once in keyed if comment.id not in taken]
    before = _keys(session, {(comment.site_id, once.key) for comment, once in repeats})
    known = {comment.id: comment for comment, _ in keyed if comment.id in taken}
    known |= _by_id(session, {row.comment_id for row in before.values()} - known.keys())
    return {
        comment.id: _first_with(before[comment.site_id, once.key], once, known)
        for comment, once in repeats
        if (comment.site_id, once.key) in before
    }


def _first_with(row: IdempotencyKey, once: Once, known: Mapping[UUID, Comment]) -> Comment | errors.GatepostError:
    if row.body_hash != once.body_hash:
        return errors.IdempotencyConflictError()
    # Else it was erased just now.
    return known.get(row.comment_id) or errors.NotFoundError(_UNKNOWN)


def _keys(session: Session, keys: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], IdempotencyKey]:
    if not keys:
        return {}
    query = select(IdempotencyKey).where(tuple_(col(IdempotencyKey.site_id), col(IdempotencyKey.key)).in_(keys))
    return {(row.site_id, row.key): row for row in session.exec(query)}


def _by_id(session: Session, ids: Collection[UUID]) -> dict[UUID, Comment]:
    if not ids:
        return {}
    return {comment.id: comment for comment in session.exec(select(Comment).where(col(Comment.id).in_(ids)))}


def _by_external_id(session: Session, repeats: Sequence[Comment], keyed: Sequence[tuple[Comment, Once]]) -> First:
    """The first comment with the external id of each repeat, by the repeat's id. Its key names the first one too."""
    if not repeats:
        return {}
    ids = {(comment.site_id, comment.external_id) for comment in repeats}
    query = select(Comment).where(tuple_(col(Comment.site_id), col(Comment.external_id)).in_(ids))
    known = {(comment.site_id, comment.external_id): comment for comment in session.exec(query)}
    first = {comment.id: known.get((comment.site_id, comment.external_id)) for comment in repeats}
    named = {(comment.site_id, once.key): found for comment, once in keyed if (found := first.get(comment.id))}
    for key, row in _keys(session, named.keys()).items():
        row.comment_id = named[key].id
    # Else it was erased just now.
    return {id_: found or errors.NotFoundError(_UNKNOWN) for id_, found in first.items()}
