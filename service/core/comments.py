"""A comment's life. Every change of a status goes through `_move`, which writes the webhook event with it."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import field_validator
from sqlalchemy import delete, func, or_, tuple_
from sqlalchemy import select as sqlalchemy_select
from sqlmodel import Field, Session, col, select

from service.core import db, errors, lessons, outbox, text, webhooks
from service.core.events import CommentEvent, CommentState
from service.core.models import AuditEntry, Category, Comment, Content, Event, IdempotencyKey, Status, Text
from service.core.policy import Decision, Verdict
from service.core.queue import Topic

_UNKNOWN = "There is no such comment at this site."
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


def submit(session: Session, site_id: UUID, submission: Submission, idempotency_key: str | None = None) -> Comment:
    """Store the comment and owe its scoring. A repeat (same key, or same external id) gives back the first comment.

    Raises IdempotencyConflictError when the key came before with another body.
    """
    once = Once(idempotency_key, _body_hash([submission])) if idempotency_key else None
    [comment] = _submit(session, site_id, [submission], [once])
    return comment


def submit_all(
    session: Session, site_id: UUID, submissions: Sequence[Submission], idempotency_key: str | None = None
) -> list[Comment]:
    """Submit many in one transaction; the comments, in the order of the submissions. Raises as `submit` does."""
    # Stored in one order for all: two batches that hold the same external ids crosswise would wait for each other.
    order = sorted(range(len(submissions)), key=lambda number: submissions[number].external_id or "")
    once = _once_each(submissions, idempotency_key)
    stored = _submit(session, site_id, [submissions[number] for number in order], [once[number] for number in order])
    by_number = dict(zip(order, stored, strict=True))
    return [by_number[number] for number in range(len(submissions))]


def _submit(
    session: Session, site_id: UUID, submissions: Sequence[Submission], once: Sequence[Once | None]
) -> list[Comment]:
    """In as few statements as one comment takes: a batch must not wait for the database hundreds of times."""
    now = db.now(session)
    made = [Comment(**one.model_dump(), **_derived(one), site_id=site_id, created_at=now) for one in submissions]
    keyed = [(comment, one) for comment, one in zip(made, once, strict=True) if one]
    first = _by_key(session, site_id, keyed)
    new = [comment for comment in made if comment.id not in first]
    stored = db.insert_if_absent(session, Comment.__table__, [comment.model_dump() for comment in new])  # type: ignore[attr-defined]
    first |= _by_external_id(session, site_id, [comment for comment in new if (comment.id,) not in stored], keyed)
    for comment in new:
        if (comment.id,) in stored:
            outbox.put(session, Topic.SCORE, comment.id)
    return [first.get(comment.id, comment) for comment in made]


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


def settle(session: Session, settlements: Sequence[Settlement]) -> list[Comment]:
    """Give each comment the machine's verdict. Only a pending one of the same revision moves: a human's word stands."""
    by_id = {settlement.comment_id: settlement for settlement in settlements}
    pending = session.exec(
        select(Comment)
        .where(col(Comment.id).in_(by_id), col(Comment.status) == Status.PENDING)
        # One order for all: two workers that lock each other's rows would wait for ever.
        .order_by(col(Comment.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    settled = [comment for comment in pending if comment.revision == by_id[comment.id].revision]
    endpoints = webhooks.enabled(session, {comment.site_id for comment in settled})
    for comment in settled:
        verdict = by_id[comment.id].verdict
        comment.verdict = verdict.model_dump(mode="json")
        _set_decision(session, comment, POLICY, Category(verdict.category) if verdict.category else None)
        _move(session, comment, _STATUS[verdict.decision], "settle", endpoints)
    return settled


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
    for comment in found:
        lessons.forget(session, comment)
        _audit(session, comment, actor, "erase", before=comment.status, after=None)
        session.delete(comment)


def _move(
    session: Session, comment: Comment, to: Status, action: str, endpoints: Mapping[UUID, Collection[UUID]]
) -> None:
    """Change the status, write the audit entry, and owe the blog's `endpoints` an event that tells it."""
    before, comment.status = comment.status, to
    comment.sequence += 1
    session.add(comment)
    _audit(session, comment, comment.decided_by or SITE, action, before=before, after=to)
    event = CommentEvent(type=f"comment.{to.value}", timestamp=db.now(session), data=state(comment))
    webhooks.emit(session, comment, event, endpoints[comment.site_id])


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


def _audit(
    session: Session,
    comment: Comment,
    actor: str,
    action: str,
    *,
    before: Status | None,
    after: Status | None,
) -> None:
    entry = AuditEntry(
        site_id=comment.site_id,
        comment_id=comment.id,
        at=db.now(session),
        actor=actor,
        action=action,
        sequence=comment.sequence,
        before=before,
        after=after,
        detail={"rule": (comment.verdict or {}).get("rule"), "category": comment.category},
    )
    session.add(entry)


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


def _by_key(session: Session, site_id: UUID, keyed: Sequence[tuple[Comment, Once]]) -> dict[UUID, Comment]:
    """Take the keys. For each comment whose key came before, by its id: the first comment with it."""
    rows = [IdempotencyKey(site_id=site_id, comment_id=comment.id, **asdict(once)) for comment, once in keyed]
    taken = db.insert_if_absent(session, IdempotencyKey.__table__, [row.model_dump() for row in rows])  # type: ignore[attr-defined]
    repeated = {once.key: (comment, once) for comment, once in keyed if (site_id, once.key) not in taken}
    before = _keys(session, site_id, repeated)
    if any(row.body_hash != repeated[row.key][1].body_hash for row in before):
        raise errors.IdempotencyConflictError
    ids = {row.comment_id for row in before}
    known = {comment.id: comment for comment in session.exec(select(Comment).where(col(Comment.id).in_(ids)))}
    if ids - known.keys():
        # Erased just now.
        raise errors.NotFoundError(_UNKNOWN)
    return {repeated[row.key][0].id: known[row.comment_id] for row in before}


def _keys(session: Session, site_id: UUID, keys: Collection[str]) -> Sequence[IdempotencyKey]:
    if not keys:
        return []
    query = select(IdempotencyKey).where(col(IdempotencyKey.site_id) == site_id, col(IdempotencyKey.key).in_(keys))
    return session.exec(query).all()


def _by_external_id(
    session: Session, site_id: UUID, repeats: Sequence[Comment], keyed: Sequence[tuple[Comment, Once]]
) -> dict[UUID, Comment]:
    """The first comment with the external id of each repeat, by the repeat's id. Its key names the first one too."""
    if not repeats:
        return {}
    ids = {comment.external_id for comment in repeats}
    query = select(Comment).where(col(Comment.site_id) == site_id, col(Comment.external_id).in_(ids))
    by_external_id = {comment.external_id: comment for comment in session.exec(query)}
    first = {comment.id: by_external_id[comment.external_id] for comment in repeats}
    named = {once.key: first[comment.id] for comment, once in keyed if comment.id in first}
    for row in _keys(session, site_id, named):
        row.comment_id = named[row.key].id
    return first
