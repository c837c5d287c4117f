"""Taking comments in: what a submission holds, and how it becomes a row, once."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import field_validator
from sqlalchemy import Table, tuple_
from sqlmodel import Field, Session, col, select

from service.core import bulk, db, errors, outbox, text
from service.core.models import Comment, Content, IdempotencyKey, Text
from service.core.queue import Topic

UNKNOWN = "There is no such comment at this site."
_COMMENTS: Table = Comment.__table__  # type: ignore[attr-defined]
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
    transient: bool = False


def arrival(
    site_id: UUID, submission: Submission, idempotency_key: str | None = None, *, transient: bool = False
) -> Arrival:
    once = Once(idempotency_key, _body_hash([submission])) if idempotency_key else None
    return Arrival(site_id, submission, once, transient)


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
    stored = bulk.insert_if_absent(session, _COMMENTS, [comment.model_dump() for comment in in_order])
    first |= _by_external_id(session, [comment for comment in new if (comment.id,) not in stored], keyed)
    outbox.put_all(session, Topic.SCORE, [(comment.id, None) for comment in new if (comment.id,) in stored])
    return [_followed(comment, first) for comment in made]


def build(arrivals: Sequence[Arrival], now: datetime) -> list[Comment]:
    """The comments as they would be stored."""
    made = []
    for one in arrivals:
        content = one.submission
        own = {"id": db.new_id(), "site_id": one.site_id, "created_at": now, "transient": one.transient}
        made.append(db.instance(Comment, {**_BLANK, **vars(content), **derived(content), **own}))
    return made


def _followed(comment: Comment, first: First) -> Comment | errors.GatepostError:
    """A repeat's first may itself be a repeat: by its key of a mate, which is one by its external id."""
    found: Comment | errors.GatepostError = comment
    while isinstance(found, Comment) and found.id in first:
        found = first[found.id]
    return found


def _is_deeper(value: object, levels: int) -> bool:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return inside is not None and (levels == 0 or any(_is_deeper(one, levels - 1) for one in inside))


def author_key(content: Content) -> str | None:
    """What tells an author who comes back: the account if the blog has accounts, else the e-mail address."""
    if content.author_id:
        return f"id:{content.author_id}"
    return f"mail:{content.author_email.casefold()}" if content.author_email else None


def derived(content: Content) -> dict[str, Any]:
    """The columns that follow from the content."""
    return {"author_key": author_key(content), "text_fingerprint": text.fingerprint(content.text)}


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
    taken = {takers[key][0].id for key in bulk.insert_if_absent(session, _KEYS, rows)}
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
    return known.get(row.comment_id) or errors.NotFoundError(UNKNOWN)


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
    return {id_: found or errors.NotFoundError(UNKNOWN) for id_, found in first.items()}
