"""The held queue as moderators see it: a page of cards, oldest first, and how many there are."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlmodel import Session, col

from service.core import comments, sites
from service.core.models import Comment, Status
from service.core.policy import LABEL_WORDS, Policy, Verdict, unscored

PAGE_SIZE = 25


@dataclass(frozen=True)
class Score:
    words: str
    value: float
    threshold: float

    @property
    def fired(self) -> bool:
        return self.value >= self.threshold


@dataclass(frozen=True)
class Card:
    """A comment with all that helps to judge it."""

    comment: Comment
    verdict: Verdict
    scores: list[Score]
    # The same author's comments at the same site.
    approved: int
    rejected: int


@dataclass(frozen=True)
class Page:
    cards: list[Card]
    next: UUID | None


def count(session: Session, site_ids: Sequence[UUID]) -> Counter[UUID]:
    """How many comments are held at each site."""
    site_id = col(Comment.site_id)
    query = select(site_id, func.count()).where(_is_held(site_ids)).group_by(site_id)
    return Counter(dict(session.execute(query).all()))


def page(session: Session, site_ids: Sequence[UUID], after: UUID | None) -> Page:
    """The comments behind the comment `after`, from the one that has waited longest on."""
    query = select(Comment).where(_is_held(site_ids)).order_by(col(Comment.id)).limit(PAGE_SIZE + 1)
    if after:
        query = query.where(col(Comment.id) > after)
    found = session.scalars(query).all()
    shown = found[:PAGE_SIZE]
    return Page(_cards(session, shown), shown[-1].id if len(found) > PAGE_SIZE else None)


def find(session: Session, site_ids: Sequence[UUID], comment_id: UUID) -> Comment | None:
    """The comment, held or not, if it is at one of the sites."""
    query = select(Comment).where(col(Comment.id) == comment_id, col(Comment.site_id).in_(site_ids))
    return session.scalars(query).first()


def _is_held(site_ids: Sequence[UUID]) -> ColumnElement[bool]:
    return and_(col(Comment.site_id).in_(site_ids), col(Comment.status) == Status.HELD)


def _cards(session: Session, shown: Sequence[Comment]) -> list[Card]:
    policies = sites.live_policies(session, {comment.site_id for comment in shown})
    decided = comments.count_by_author(session, shown)
    return [_card(comment, policies[comment.site_id][1], decided) for comment in shown]


def _card(comment: Comment, policy: Policy, decided: Mapping[tuple[UUID, str | None, Status], int]) -> Card:
    verdict = Verdict.model_validate(comment.verdict) if comment.verdict else unscored("Not scored.")
    scored = [label for label in LABEL_WORDS if label in verdict.scores]
    author = (comment.site_id, comment.author_key)
    return Card(
        comment=comment,
        verdict=verdict,
        scores=[Score(LABEL_WORDS[label], verdict.scores[label], policy.threshold(label)) for label in scored],
        approved=decided[*author, Status.APPROVED],
        rejected=decided[*author, Status.REJECTED],
    )
