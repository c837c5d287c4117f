"""Shadows: a policy or an engine that decides beside the live one without effect, and how far they agree."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from service.core import comments, errors, intervals
from service.core.intervals import Share
from service.core.models import Comment, Shadow, ShadowVerdict, Site, Status
from service.core.policy import Decision, Policy

# Of each shadow; older ones are forgotten.
KEPT_VERDICTS = 10_000
_SAMPLES = 20
_EXCERPT = 200


class Sample(BaseModel):
    """A comment on which the two differ."""

    comment_id: UUID
    external_id: str | None
    excerpt: str
    live_decision: Decision
    live_rule: str
    shadow_decision: Decision
    shadow_rule: str
    shadow_scores: dict[str, float]
    status: Status = Field(description="The comment's status now.")
    reviewed: bool = Field(description="Whether a human has decided it.")


class Report(BaseModel):
    """How far a shadow and the live decisions agree. A comment is published (approved) or kept back (all else)."""

    name: str
    since: datetime
    comments: int = Field(description=f"Comments that both decided: the newest, {KEPT_VERDICTS} at most.")
    both_publish: int
    both_keep_back: int
    only_live_publishes: int
    only_shadow_publishes: int
    agreement: Share
    reviewed: int = Field(description="Of them, those that a human decided as well. Mostly held ones: no fair sample.")
    live_agrees_with_humans: Share
    shadow_agrees_with_humans: Share
    differences: list[Sample] = Field(description=f"The {_SAMPLES} newest comments on which the two differ.")


def put(session: Session, site_id: UUID, shadow: Shadow) -> Shadow:
    """Make this the site's shadow; the one before goes, with all that it has said."""
    # Two who do so at once take turns.
    session.exec(select(Site).where(col(Site.id) == site_id).with_for_update(key_share=True)).one()
    session.execute(delete(Shadow).where(col(Shadow.site_id) == site_id))
    session.add(shadow)
    session.flush()
    return shadow


def get(session: Session, site_id: UUID) -> Shadow:
    shadow = session.exec(select(Shadow).where(col(Shadow.site_id) == site_id)).first()
    if shadow is None:
        raise errors.NotFoundError("This site has no shadow.")
    return shadow


def remove(session: Session, site_id: UUID) -> None:
    session.delete(get(session, site_id))


def live(session: Session, site_ids: set[UUID]) -> dict[UUID, Shadow]:
    """The shadow of each site that has one."""
    found = session.exec(select(Shadow).where(col(Shadow.site_id).in_(site_ids)))
    return {shadow.site_id: shadow for shadow in found}


def policy(shadow: Shadow, live: Policy) -> Policy:
    """The rules it follows: its own, else the live ones. Raises pydantic's ValidationError."""
    return live if shadow.rules is None else Policy.model_validate(shadow.rules)


def record(session: Session, verdicts: Sequence[ShadowVerdict]) -> None:
    """Keep what shadows said. What was said of a comment that is gone, or by a shadow that is gone, is dropped."""
    shadows = _locked(session, Shadow, {verdict.shadow_id for verdict in verdicts})
    known = _locked(session, Comment, {verdict.comment_id for verdict in verdicts})
    # An edited comment is decided again: its last verdict counts.
    session.execute(
        delete(ShadowVerdict).where(col(ShadowVerdict.shadow_id).in_(shadows), col(ShadowVerdict.comment_id).in_(known))
    )
    session.add_all(one for one in verdicts if one.shadow_id in shadows and one.comment_id in known)
    session.flush()
    for shadow_id in shadows:
        _forget_oldest(session, shadow_id)


def report(session: Session, shadow: Shadow) -> Report:
    counts = _counts(session, shadow.id)
    total = sum(counts.values())
    table = {
        (mine, other): sum(number for key, number in counts.items() if key[:2] == (mine, other))
        for mine in (True, False)
        for other in (True, False)
    }
    # Where a human has decided, the status is their word.
    reviewed = {key: number for key, number in counts.items() if key[2] is not None}
    return Report(
        name=shadow.name,
        since=shadow.created_at,
        comments=total,
        both_publish=table[True, True],
        both_keep_back=table[False, False],
        only_live_publishes=table[True, False],
        only_shadow_publishes=table[False, True],
        agreement=intervals.share(table[True, True] + table[False, False], total),
        reviewed=sum(reviewed.values()),
        live_agrees_with_humans=_agreement(reviewed, 0),
        shadow_agrees_with_humans=_agreement(reviewed, 1),
        differences=_samples(session, shadow.id),
    )


# (published by the live policy, published by the shadow, published by a human: None if no human has decided)
_Counts = Mapping[tuple[bool, bool, bool | None], int]


def _agreement(reviewed: _Counts, decider: int) -> Share:
    right = sum(number for key, number in reviewed.items() if key[decider] == key[2])
    return intervals.share(right, sum(reviewed.values()))


def _counts(session: Session, shadow_id: UUID) -> _Counts:
    by_human = col(Comment.decided_by).is_distinct_from(comments.POLICY) & col(Comment.decided_by).is_not(None)
    columns = (
        col(ShadowVerdict.live_decision) == Decision.APPROVE,
        col(ShadowVerdict.decision) == Decision.APPROVE,
        by_human,
        col(Comment.status) == Status.APPROVED,
    )
    labelled = [column.label(f"c{number}") for number, column in enumerate(columns)]
    rows = session.execute(
        select(*labelled, func.count())  # type: ignore[call-overload]
        .join(Comment, col(Comment.id) == col(ShadowVerdict.comment_id))
        .where(col(ShadowVerdict.shadow_id) == shadow_id)
        .group_by(*labelled)
    )
    counts: dict[tuple[bool, bool, bool | None], int] = {}
    for mine, other, reviewed, published, number in rows:
        key = (bool(mine), bool(other), bool(published) if reviewed else None)
        counts[key] = counts.get(key, 0) + number
    return counts


def _samples(session: Session, shadow_id: UUID) -> list[Sample]:
    rows = session.exec(
        select(ShadowVerdict, Comment)
        .join(Comment, col(Comment.id) == col(ShadowVerdict.comment_id))
        .where(
            col(ShadowVerdict.shadow_id) == shadow_id,
            col(ShadowVerdict.live_decision) != col(ShadowVerdict.decision),
        )
        .order_by(col(ShadowVerdict.comment_id).desc())
        .limit(_SAMPLES)
    )
    return [_sample(verdict, comment) for verdict, comment in rows]


def _sample(verdict: ShadowVerdict, comment: Comment) -> Sample:
    return Sample(
        comment_id=comment.id,
        external_id=comment.external_id,
        excerpt=comment.text[:_EXCERPT],
        live_decision=verdict.live_decision,
        live_rule=verdict.live_rule,
        shadow_decision=verdict.decision,
        shadow_rule=verdict.rule,
        shadow_scores=verdict.scores,
        status=comment.status,
        reviewed=comment.decided_by not in {None, comments.POLICY},
    )


def _locked(session: Session, table: Any, ids: set[UUID]) -> set[UUID]:
    """Those that are there, and stay until the transaction ends."""
    query = select(table.id).where(col(table.id).in_(ids)).order_by(col(table.id))
    return set(session.exec(query.with_for_update(read=True, key_share=True)))


def _forget_oldest(session: Session, shadow_id: UUID) -> None:
    mine = col(ShadowVerdict.shadow_id) == shadow_id
    newest = select(ShadowVerdict.comment_id).where(mine).order_by(col(ShadowVerdict.comment_id).desc())
    if last := session.exec(newest.offset(KEPT_VERDICTS).limit(1)).first():
        session.execute(delete(ShadowVerdict).where(mine, col(ShadowVerdict.comment_id) <= last))
