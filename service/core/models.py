"""The tables. Every row that belongs to a blog carries its site_id; every time is UTC."""

import ipaddress
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy
from pydantic import AfterValidator, AwareDatetime, FiniteFloat
from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, LargeBinary, MetaData, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from service.core.db import UtcDateTime, new_id
from service.core.policy import Decision
from service.core.queue import Topic

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention


class Status(StrEnum):
    """Where a comment is in its life. Only APPROVED is published."""

    PENDING = "pending"
    APPROVED = "approved"
    HELD = "held"
    REJECTED = "rejected"


class Category(StrEnum):
    """Why a comment was rejected."""

    SPAM = "spam"
    TOXIC = "toxic"
    OFF_TOPIC = "off_topic"
    OTHER = "other"


class Scope(StrEnum):
    """What a site's key may do. ADMIN includes the others."""

    SUBMIT = "submit"
    READ = "read"
    ADMIN = "admin"


class Role(StrEnum):
    """What a moderator may do at a site. Each includes those before it."""

    VIEWER = "viewer"
    MODERATOR = "moderator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(other)


def utc_now() -> datetime:
    return datetime.now(UTC)


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    """A UTC column; one that may not be null is set when the row is made."""
    default: dict[str, Any] = {"default": None} if nullable else {"default_factory": utc_now}
    return Field(sa_column=Column(UtcDateTime, nullable=nullable, index=index), **default)


def _enum(kind: type[StrEnum], *, nullable: bool = False) -> Any:
    """Stored as its value in plain text: a new member needs no migration."""
    column = sqlalchemy.Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=16,
        values_callable=lambda members: [m.value for m in members],
    )
    return Column(column, nullable=nullable)


def _json(*, nullable: bool = False, default: str | None = None) -> Any:
    kind = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
    return Column(kind, nullable=nullable, server_default=default)


def _owner(target: str, *, index: bool = False, nullable: bool = False) -> Any:
    """A foreign key that takes its row away with the owner's."""
    return Column(ForeignKey(target, ondelete="CASCADE"), nullable=nullable, index=index)


class Site(SQLModel, table=True):
    id: UUID = Field(default_factory=new_id, primary_key=True)
    # Commands name a site by it.
    name: str = Field(max_length=200, unique=True)
    created_at: datetime = _time()
    # For so long a moderator's decision is not told to the blog: one that is undone meanwhile was never sent.
    undo_seconds: int = Field(default=10, sa_column_kwargs={"server_default": "10"})


class Key(SQLModel, table=True):
    """A bearer key of a site: the row holds its hash, the key itself is shown once."""

    id: str = Field(primary_key=True, max_length=12)
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    secret_hash: str = Field(max_length=64)
    scope: Scope = Field(sa_column=_enum(Scope))
    name: str = Field(default="", max_length=200)
    created_at: datetime = _time()
    # Not set: until it is revoked.
    expires_at: datetime | None = _time(nullable=True)
    # Within an hour.
    last_used_at: datetime | None = _time(nullable=True)
    revoked_at: datetime | None = _time(nullable=True)


class HeldAsSpam(StrEnum):
    """Which held comments an Akismet client is told to be spam."""

    # It understands `X-akismet-error`, and keeps them for a human.
    NONE = "none"
    # Those that are held for spam alone.
    SPAM = "spam"
    # It would publish whatever is not spam.
    ALL = "all"


class AkismetKey(SQLModel, table=True):
    """What makes a key one of Akismet's form, and what its client is to be told. No bearer key has such a row."""

    __tablename__ = "akismet_key"
    key_id: str = Field(sa_column=Column(ForeignKey("key.id", ondelete="CASCADE"), primary_key=True))
    # Finds it; tells sixteen bits of it to who reads the table: `akismet_keys`.
    fingerprint: int = Field(index=True)
    # The twelve characters, encrypted: the webhook to the plugin shows them.
    secret: str = Field(max_length=500)
    # `https://blog.example.org`: where the plugin may be told decisions. None: nowhere.
    blog: str | None = Field(default=None, max_length=300)
    held_as_spam: HeldAsSpam = Field(default=HeldAsSpam.NONE, sa_column=_enum(HeldAsSpam))


class CoralKey(SQLModel, table=True):
    """What makes a key one of a moderation phase in Coral: the secret that Coral signs with."""

    __tablename__ = "coral_key"
    key_id: str = Field(sa_column=Column(ForeignKey("key.id", ondelete="CASCADE"), primary_key=True))
    # Encrypted.
    secret: str = Field(max_length=500)


class PolicyVersion(SQLModel, table=True):
    """A site's rules; the highest version is the live one, older ones explain older decisions."""

    __tablename__ = "policy_version"
    site_id: UUID = Field(sa_column=Column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True))
    version: int = Field(primary_key=True)
    rules: dict[str, Any] = Field(sa_column=_json())
    created_by: str = Field(max_length=200)
    created_at: datetime = _time()


class Shadow(SQLModel, table=True):
    """A policy or an engine on trial: it decides beside the live one, and nobody feels it. One at a site."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=Column(ForeignKey("site.id", ondelete="CASCADE"), unique=True, nullable=False))
    name: str = Field(max_length=100)
    # Not given: the live policy; no engine: the live scores.
    rules: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    engine: str | None = Field(default=None, max_length=100)
    created_by: str = Field(max_length=200)
    created_at: datetime = _time()


class ShadowVerdict(SQLModel, table=True):
    """What the live policy and a shadow said of one comment. Goes with either."""

    __tablename__ = "shadow_verdict"
    shadow_id: UUID = Field(sa_column=Column(ForeignKey("shadow.id", ondelete="CASCADE"), primary_key=True))
    comment_id: UUID = Field(
        sa_column=Column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True, index=True)
    )
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    live_decision: Decision = Field(sa_column=_enum(Decision))
    live_rule: str = Field(max_length=64)
    decision: Decision = Field(sa_column=_enum(Decision))
    rule: str = Field(max_length=64)
    scores: dict[str, Any] = Field(sa_column=_json())
    engine: str | None = Field(default=None, max_length=200)
    created_at: datetime = _time()


# PostgreSQL cannot store NUL, SQLite stops reading at it; half a surrogate pair (JSON's `\ud800`) does not encode.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _storable(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise ValueError("must not contain NUL or a lone surrogate")
    return text


def _ip_address(text: str) -> str:
    try:
        # A zone (`%eth0`) means something on the blog's own machine only.
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        raise ValueError("must be an IPv4 or IPv6 address") from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie in the years 1 to 9999, in UTC") from None


Text = Annotated[str, AfterValidator(_storable)]
IpAddress = Annotated[str, AfterValidator(_ip_address)]
UtcTime = Annotated[AwareDatetime, AfterValidator(_utc)]


def _text(length: int, description: str, example: str) -> Any:
    return Field(default=None, max_length=length, description=description, schema_extra={"examples": [example]})


class Content(SQLModel):
    """What a blog knows of a comment. Only the text is needed; the more of the rest, the better the decision."""

    text: Text = Field(
        min_length=1,
        max_length=50_000,
        description="The comment itself, plain text or HTML.",
        schema_extra={"examples": ["Thank you, that explains the treaty well."]},
    )
    type: Text = Field(default="comment", max_length=32, description="comment, reply, pingback, trackback, …")
    author_name: Text | None = _text(200, "The name shown.", "Aiko")
    author_email: Text | None = _text(320, "Never shown; tells returning authors.", "aiko@example.org")
    author_url: Text | None = _text(2000, "The author's web site.", "https://aiko.example.org")
    author_id: Text | None = _text(200, "The author's account at the blog.", "user-17")
    author_ip: IpAddress | None = _text(45, "The address the comment came from.", "203.0.113.7")
    user_agent: Text | None = _text(1000, "The author's browser.", "Mozilla/5.0")
    referrer: Text | None = _text(2000, "The page before.", "https://search.example/")
    permalink: Text | None = _text(2000, "The post's address.", "https://blog.example.org/treaty")
    post_id: Text | None = _text(200, "The post's id at the blog.", "post-9")
    post_title: Text | None = _text(500, "The post's title.", "What the treaty means")
    post_published_at: UtcTime | None = Field(
        sa_type=UtcDateTime, default=None, description="When the post appeared; old posts may be closed to comments."
    )
    parent_id: Text | None = _text(200, "The comment that this one answers.", "c-41")
    language: Text | None = _text(35, "BCP 47, as the blog declares it.", "en")
    posted_at: UtcTime | None = Field(
        sa_type=UtcDateTime, default=None, description="When it was written; not given: now."
    )
    honeypot: Text | None = _text(2000, "What came in a form field that people do not see.", "")
    fill_seconds: FiniteFloat | None = Field(
        default=None, ge=0, description="Seconds from showing the form to sending it."
    )


_HELD = sqlalchemy.text("status = 'held'")
# Spelt as PostgreSQL stores it: its planner and Alembic compare expressions.
HELD_WORDS = sqlalchemy.text("to_tsvector('simple'::regconfig, text::text)")


def _held_index(*columns: str) -> Index:
    """What moderators sort and filter the held queue by: the many comments that nobody looks at cost nothing."""
    name = f"ix_comment_held_{columns[1]}"
    return Index(name, *columns, postgresql_where=_HELD, sqlite_where=_HELD)


# As SQLAlchemy asks for it: SQLite looks no further than the words.
_TRANSIENT = sqlalchemy.text("transient")
_TRANSIENT_ON_SQLITE = sqlalchemy.text("transient = 1")
_REPORTED = sqlalchemy.text("reports IS NOT NULL")


class Comment(Content, table=True):
    __table_args__ = (
        UniqueConstraint("site_id", "external_id"),
        Index(None, "site_id", "status", "id"),
        _held_index("site_id", "rule", "id"),
        _held_index("site_id", "label", "id"),
        _held_index("site_id", "detected_language", "id"),
        _held_index("site_id", "post_id", "id"),
        _held_index("site_id", "severity", "id"),
        _held_index("site_id", "doubt", "id"),
        # On PostgreSQL alone: SQLite looks at each text, which is quick enough for one blog.
        Index("ix_comment_held_words", HELD_WORDS, postgresql_using="gin", postgresql_where=_HELD),
        # What a process that died has left; else it is empty.
        Index("ix_comment_transient", "id", postgresql_where=_TRANSIENT, sqlite_where=_TRANSIENT_ON_SQLITE),
        Index("ix_comment_reported", "site_id", "reports", "id", postgresql_where=_REPORTED, sqlite_where=_REPORTED),
        Index(None, "site_id", "author_key", "created_at"),
        Index(None, "site_id", "text_fingerprint", "created_at"),
        Index(None, "site_id", "author_ip", "created_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id"))
    external_id: str | None = Field(default=None, max_length=200)
    created_at: datetime = _time()
    extra: dict[str, Any] = Field(default_factory=dict, sa_column=_json())

    # An endpoint of its own, besides the site's, that hears what becomes of it; written by `callbacks` alone.
    # No foreign key: to remove an endpoint must not read all comments.
    callback_id: UUID | None = None

    # What makes it comparable with others.
    author_key: str | None = Field(default=None, max_length=330)
    text_fingerprint: int = Field(sa_column=Column(BigInteger, nullable=False))

    # Asked about, not handed in: it gets a verdict and no status, nobody is told or shown, and it is erased at once.
    transient: bool = Field(default=False, sa_column_kwargs={"server_default": sqlalchemy.false()})

    # What became of it: written by `comments` alone.
    status: Status = Field(default=Status.PENDING, sa_column=_enum(Status))
    # Counts edits by the blog: a verdict on an older text is void.
    revision: int = 1
    # Counts changes of status: the receiver of two events knows which is later.
    sequence: int = 0
    verdict: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    decided_at: datetime | None = _time(nullable=True)
    decided_by: str | None = Field(default=None, max_length=200)
    category: Category | None = Field(default=None, sa_column=_enum(Category, nullable=True))

    # Of the verdict, what moderators sort and filter by.
    rule: str | None = Field(default=None, max_length=64)
    # The highest score's.
    label: str | None = Field(default=None, max_length=32)
    detected_language: str | None = Field(default=None, max_length=35)
    # The highest score, and how near it is to an even chance; 0 and 1 where there is none.
    severity: float | None = None
    doubt: float | None = None

    # How many reports of readers nobody has answered; none: no number. Written by `reports` alone.
    reports: int | None = None


class Report(SQLModel, table=True):
    """A reader says that a comment should not be there. Open until a human decides the comment."""

    # What has no reporter is equal to nothing.
    __table_args__ = (UniqueConstraint("comment_id", "reporter"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    comment_id: UUID = Field(sa_column=_owner("comment.id"))
    reason: Category = Field(sa_column=_enum(Category))
    text: str = Field(max_length=500)
    # Hashed, for this comment alone: the same reader is somebody else at the next.
    reporter: str | None = Field(default=None, max_length=32)
    at: datetime = _time()
    # The comment's sequence since the decision that answered it.
    answered: int | None = None


_UNCHECKED = sqlalchemy.text("checked_at IS NULL")


class SpotCheck(SQLModel, table=True):
    """A comment that the machine has approved, drawn by lot for a human to look at, and what they said."""

    __tablename__ = "spot_check"
    __table_args__ = (
        Index("ix_spot_check_open", "site_id", "comment_id", postgresql_where=_UNCHECKED, sqlite_where=_UNCHECKED),
        Index(None, "site_id", "checked_at"),
    )

    comment_id: UUID = Field(sa_column=Column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True))
    site_id: UUID = Field(sa_column=_owner("site.id"))
    # The highest score's.
    label: str | None = Field(default=None, max_length=32)
    # How likely it was to be drawn.
    share: float
    drawn_at: datetime = _time()
    checked_at: datetime | None = _time(nullable=True)
    rejected: bool | None = None
    # The comment's sequence since that decision.
    sequence: int | None = None


class Imprint(SQLModel, table=True):
    """A hash of a part of a comment, or of a host that it links to: what comments have in common, without the text."""

    __table_args__ = (Index(None, "hash", "created_at"),)

    comment_id: UUID = Field(sa_column=Column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True))
    hash: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    created_at: datetime = _time()


class IdempotencyKey(SQLModel, table=True):
    """A submission's `Idempotency-Key`: the same key and body give back the first comment."""

    __tablename__ = "idempotency_key"
    site_id: UUID = Field(sa_column=Column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True))
    key: str = Field(primary_key=True, max_length=255)
    body_hash: str = Field(max_length=64)
    comment_id: UUID = Field(index=True)
    created_at: datetime = _time(index=True)


class AuditEntry(SQLModel, table=True):
    """One change of one comment, or of a site's rules because of it: who, when, from what to what.

    Holds no text and no author; stays when the comment is erased.
    """

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "site_id", "id"), Index(None, "actor", "id"))

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id"))
    comment_id: UUID = Field(index=True)
    at: datetime = _time()
    actor: str = Field(max_length=200)
    action: str = Field(max_length=32)
    sequence: int
    before: Status | None = Field(default=None, sa_column=_enum(Status, nullable=True))
    after: Status | None = Field(default=None, sa_column=_enum(Status, nullable=True))
    detail: dict[str, Any] | None = Field(default=None, sa_column=_json(nullable=True))
    # What was done to many at once is undone at once.
    batch_id: UUID | None = Field(default=None, index=True)
    undone_at: datetime | None = _time(nullable=True)


_CLAIMED = sqlalchemy.text("lease IS NOT NULL")


class OutboxRow(SQLModel, table=True):
    """Work that is owed. Claiming moves `due_at` on; a worker that dies leaves the row to come due again."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "topic", "due_at"),
        Index(None, "subject_id"),
        Index(None, "endpoint_id", "due_at"),
        # What is under way to an endpoint is counted at every claim; it may be owed thousands.
        Index("ix_outbox_claimed", "endpoint_id", postgresql_where=_CLAIMED, sqlite_where=_CLAIMED),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    topic: Topic = Field(sa_column=_enum(Topic))
    # A comment to score, a site that learns, or an event to deliver …
    subject_id: UUID
    # … to this endpoint.
    endpoint_id: UUID | None = Field(default=None, sa_column=_owner("endpoint.id", nullable=True))
    created_at: datetime = _time()
    due_at: datetime = _time()
    attempts: int = 0
    lease: UUID | None = None


class Endpoint(SQLModel, table=True):
    """Where a site receives its webhooks."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    url: str = Field(max_length=2000)
    created_at: datetime = _time()
    disabled_at: datetime | None = _time(nullable=True)
    disabled_reason: str | None = Field(default=None, max_length=500)
    # Set: Akismet's plugin, which knows this key of ours. It hears, in its own shape, of comments that it asked about.
    # No foreign key: keys go with their site alone, as endpoints do.
    key_id: str | None = Field(default=None, max_length=12)

    # How it fares; written by the courier. Since the first failure after the last success …
    failing_since: datetime | None = _time(nullable=True)
    # … this many in a row.
    failures: int = 0
    # Nothing is sent before: it asked for less, or only fails.
    paused_until: datetime | None = _time(nullable=True)


class SigningKey(SQLModel, table=True):
    """A key that signs what an endpoint gets. Several sign at once while they rotate, each until its own end."""

    __tablename__ = "signing_key"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    endpoint_id: UUID = Field(sa_column=_owner("endpoint.id", index=True))
    # `whsec_…` or `whsk_…`, encrypted.
    secret: str = Field(max_length=500)
    # `whpk_…`; none: the secret is shared with the receiver.
    public_key: str | None = Field(default=None, max_length=100)
    created_at: datetime = _time()
    # None: it is the one in use.
    ends_at: datetime | None = _time(nullable=True)


class Event(SQLModel, table=True):
    """What a webhook says. Its id is the webhook-id and its body is frozen: every attempt sends the same bytes."""

    __table_args__ = (UniqueConstraint("comment_id", "sequence"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    # A test ping is about no comment.
    comment_id: UUID | None = Field(default=None, sa_column=_owner("comment.id", nullable=True))
    sequence: int | None = None
    type: str = Field(max_length=64)
    body: str
    created_at: datetime = _time()


class Delivery(SQLModel, table=True):
    """One attempt to deliver an event to an endpoint."""

    __table_args__ = (Index(None, "site_id", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id"))
    event_id: UUID = Field(sa_column=_owner("event.id", index=True))
    endpoint_id: UUID = Field(sa_column=_owner("endpoint.id", index=True))
    attempt: int
    at: datetime = _time()
    duration_ms: int
    # No status code: no answer came, `error` says why.
    status_code: int | None = None
    error: str | None = Field(default=None, max_length=500)
    response: str | None = Field(default=None, max_length=4000)
    next_attempt_at: datetime | None = _time(nullable=True)


class Lesson(SQLModel, table=True):
    """What a human decided of one comment, for the site to learn from: no text, and gone when the comment is."""

    __table_args__ = (Index(None, "site_id", "at"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id"))
    # Imported history may come without the comment's row.
    comment_id: UUID | None = Field(
        sa_column=Column(ForeignKey("comment.id", ondelete="CASCADE"), nullable=True, unique=True)
    )
    # Why it was rejected; none: it was approved.
    category: Category | None = Field(default=None, sa_column=_enum(Category, nullable=True))
    actor: str = Field(max_length=200)
    at: datetime = _time()
    # The comment as the model sees it, hashed; the workers fill it in.
    example: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class SiteModel(SQLModel, table=True):
    """What a site has learnt: a function of its lessons. The version grows with every change, a reset included."""

    __tablename__ = "site_model"
    site_id: UUID = Field(sa_column=Column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True))
    version: int = 0
    taught: int = 0  # lessons behind it
    weights: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    updated_at: datetime = _time()


class Moderator(SQLModel, table=True):
    id: UUID = Field(default_factory=new_id, primary_key=True)
    email: str = Field(max_length=320, unique=True)
    name: str = Field(max_length=200)
    password_hash: str = Field(max_length=200)
    created_at: datetime = _time()
    disabled_at: datetime | None = _time(nullable=True)
    # How they want the console: `console.preferences`.
    preferences: dict[str, Any] = Field(default_factory=dict, sa_column=_json(default="{}"))


class Membership(SQLModel, table=True):
    """A moderator's place at a site. Viewers look; moderators decide; admins may do all that the console offers."""

    moderator_id: UUID = Field(sa_column=Column(ForeignKey("moderator.id", ondelete="CASCADE"), primary_key=True))
    site_id: UUID = Field(sa_column=Column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True))
    role: Role = Field(sa_column=_enum(Role))


class ConsoleSession(SQLModel, table=True):
    """A moderator who is logged in; the cookie holds the token, the row its hash."""

    __tablename__ = "console_session"
    token_hash: str = Field(primary_key=True, max_length=64)
    moderator_id: UUID = Field(sa_column=_owner("moderator.id", index=True))
    created_at: datetime = _time()
    seen_at: datetime = _time()
    # For its owner to know it by: what the browser calls itself, and `203.0.113.0/24`.
    user_agent: str = Field(default="", max_length=300, sa_column_kwargs={"server_default": ""})
    network: str = Field(default="", max_length=50, sa_column_kwargs={"server_default": ""})


class PendingLogin(SQLModel, table=True):
    """A password was right, and a code is asked for. No session: an older version, still running, would let it in."""

    __tablename__ = "pending_login"
    token_hash: str = Field(primary_key=True, max_length=64)
    moderator_id: UUID = Field(sa_column=_owner("moderator.id", index=True))
    created_at: datetime = _time()


class SecondFactor(SQLModel, table=True):
    """What a moderator's codes are counted from."""

    __tablename__ = "second_factor"
    moderator_id: UUID = Field(sa_column=Column(ForeignKey("moderator.id", ondelete="CASCADE"), primary_key=True))
    # Encrypted.
    secret: str = Field(max_length=500)
    created_at: datetime = _time()
    # None: it waits for its first code.
    on_since: datetime | None = _time(nullable=True)
    # The time, in steps since 1970, of the last code that was used: that one and those before are of no use any more.
    last_step: int = 0
    # SHA-256 of those that are left.
    recovery_hashes: list[str] = Field(default_factory=list, sa_column=_json())


class AccountEntry(SQLModel, table=True):
    """One thing that was done with a moderator's account."""

    __tablename__ = "account_entry"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    moderator_id: UUID = Field(sa_column=_owner("moderator.id", index=True))
    at: datetime = _time()
    action: str = Field(max_length=32)
    actor: str = Field(max_length=200)


class Claim(SQLModel, table=True):
    """A held comment that a moderator has before them: nobody else gets it until then."""

    comment_id: UUID = Field(sa_column=Column(ForeignKey("comment.id", ondelete="CASCADE"), primary_key=True))
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    moderator_id: UUID = Field(sa_column=_owner("moderator.id", index=True))
    until: datetime = _time()


class NoteKind(StrEnum):
    """Why a moderator has written something to a comment."""

    REASON = "reason"
    ESCALATION = "escalation"
    SECOND_OPINION = "second_opinion"


class Note(SQLModel, table=True):
    """What a moderator says of a comment to the others. An escalation or a question is open until somebody decides."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    comment_id: UUID = Field(sa_column=_owner("comment.id", index=True))
    kind: NoteKind = Field(sa_column=_enum(NoteKind))
    actor: str = Field(max_length=200)
    text: str = Field(max_length=1000)
    at: datetime = _time()
    answered_at: datetime | None = _time(nullable=True)


class SavedView(SQLModel, table=True):
    """A queue with its filters, under the name that a moderator gave it."""

    __tablename__ = "saved_view"
    id: UUID = Field(default_factory=new_id, primary_key=True)
    moderator_id: UUID = Field(sa_column=_owner("moderator.id", index=True))
    name: str = Field(max_length=60)
    # A path of the console with its query.
    address: str = Field(max_length=2000)
    created_at: datetime = _time()


class Invitation(SQLModel, table=True):
    """A place at a site for whoever holds the token; shown once to whoever invites, the row holds its hash."""

    token_hash: str = Field(primary_key=True, max_length=64)
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    email: str = Field(max_length=320)
    role: Role = Field(sa_column=_enum(Role))
    invited_by: str = Field(max_length=200)
    created_at: datetime = _time()
    expires_at: datetime = _time()


class Frequency(StrEnum):
    """How often a digest comes."""

    HOURLY = "hourly"
    DAILY = "daily"


class Digest(SQLModel, table=True):
    """A moderator is told by mail what is held at a site. No row: never."""

    moderator_id: UUID = Field(sa_column=Column(ForeignKey("moderator.id", ondelete="CASCADE"), primary_key=True))
    site_id: UUID = Field(sa_column=Column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True))
    frequency: Frequency = Field(sa_column=_enum(Frequency))
    due_at: datetime = _time()


class MailKind(StrEnum):
    """What a mail is about."""

    DIGEST = "digest"
    # An endpoint was disabled, because it only failed.
    ENDPOINT = "endpoint"
    INVITATION = "invitation"


class Mail(SQLModel, table=True):
    """A mail that is owed; what it says is made when it is sent. Written by `mail.owed` alone."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: MailKind = Field(sa_column=_enum(MailKind))
    site_id: UUID = Field(sa_column=_owner("site.id", index=True))
    # Who gets it; none: whoever is invited.
    moderator_id: UUID | None = Field(default=None, sa_column=_owner("moderator.id", index=True, nullable=True))
    # The endpoint's id; the invitation's token, encrypted, and the language of who invites.
    about: dict[str, Any] = Field(default_factory=dict, sa_column=_json())
    created_at: datetime = _time()
    due_at: datetime = _time(index=True)
    attempts: int = 0
    # Set while somebody sends it.
    lease: UUID | None = None
    # Why the last attempt has failed.
    error: str | None = Field(default=None, max_length=500)


class InsightDay(SQLModel, table=True):
    """What was decided at a site on one day (UTC), counted when it was over. Holds no text and no author."""

    __tablename__ = "insight_day"
    site_id: UUID = Field(sa_column=Column(ForeignKey("site.id", ondelete="CASCADE"), primary_key=True))
    day: date = Field(primary_key=True)
    figures: dict[str, Any] = Field(sa_column=_json())


class LoginThrottle(SQLModel, table=True):
    """Failed logins of one subject: an account, an address, or both together. Its name is hashed."""

    __tablename__ = "login_throttle"
    subject: str = Field(primary_key=True, max_length=64)
    failures: int
    failed_at: datetime = _time(index=True)
    # When this account last logged in from this address.
    succeeded_at: datetime | None = _time(nullable=True)
