"""What a webhook says: Standard Webhooks' `{type, timestamp, data}`, thin enough to log (no text, no person)."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from service.core.policy import Signal, Span


class CommentState(BaseModel):
    """The comment as an event tells it."""

    id: UUID
    external_id: str | None = Field(description="The blog's own id of the comment.")
    status: str = Field(description="pending, approved, held or rejected. Publish `approved` alone.")
    decision: Literal["approve", "hold", "reject"] | None = Field(
        description="What was decided, by the policy or a human; null while the comment waits."
    )
    sequence: int = Field(description="Grows with every change: of two events the higher one is the later.")
    decided_by: str | None = Field(description="policy, site, or moderator:<id>.")
    category: str | None = Field(description="Why it was rejected: spam, toxic, off_topic, other.")
    rule: str | None
    reasons: list[str]
    scores: dict[str, float]
    engine: str | None
    policy_version: int | None
    signals: list[Signal] = Field(description="Evidence for or against spam; a weight adds to the log-odds.")
    spans: list[Span] = Field(description="What in the text carried the decision, by code points; never the text.")
    latency_ms: float | None = Field(description="Scoring time, as in the verdict that the API shows.")
    metadata: dict[str, Any] = Field(description="As the blog sent it.")


class Ping(BaseModel):
    message: str = "A test from Gatepost: this endpoint works."


class CommentEvent(BaseModel):
    type: Literal["comment.pending", "comment.approved", "comment.held", "comment.rejected"]
    timestamp: datetime
    data: CommentState


class PingEvent(BaseModel):
    type: Literal["ping"] = "ping"
    timestamp: datetime
    data: Ping = Ping()
