"""Comments with all that helps to judge them: the author's past, what they answer, what the machine and others said."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlmodel import Session, col

from service.console.words import LABEL_WORDS
from service.core import comments, curation, moderators, notes, reports, sites, spot_checks
from service.core.models import Category, Comment, Note, Report, Status
from service.core.policy import Policy, Verdict, unscored

Author = tuple[UUID, str | None]


@dataclass(frozen=True)
class Score:
    words: str
    value: float
    threshold: float

    @property
    def fired(self) -> bool:
        return self.value >= self.threshold


# Below, a score says nothing that a moderator must see at once.
_TELLING = 0.1


@dataclass(frozen=True)
class Said:
    """A note, and who has written it."""

    note: Note
    name: str


@dataclass(frozen=True)
class Card:
    comment: Comment
    verdict: Verdict
    scores: list[Score]
    # The same author's comments at the same site, and when the first one came.
    approved: int
    rejected: int
    first_seen: datetime | None
    # The comment that this one answers, where the site has it.
    parent: Comment | None
    notes: list[Said]
    # What readers have reported and nobody has answered.
    reports: list[Report]
    # Drawn by lot for somebody to look at.
    is_drawn: bool
    decider: str
    domains: list[str]
    author_name: str | None

    @property
    def is_questioned(self) -> bool:
        """Whether it waits for a human although it is published."""
        return bool(self.reports) or self.is_drawn

    @property
    def complaints(self) -> Counter[Category]:
        """How many readers give which reason."""
        return Counter(report.reason for report in self.reports)

    @property
    def telling(self) -> list[Score]:
        """The scores that stand out, the highest first."""
        found = [score for score in self.scores if score.fired or score.value >= _TELLING]
        return sorted(found, key=lambda score: -score.value)


def of(session: Session, shown: Sequence[Comment]) -> list[Card]:
    policies = sites.live_policies(session, {comment.site_id for comment in shown})
    decided = comments.count_by_author(session, shown)
    first_seen = _first_seen(session, {(one.site_id, one.author_key) for one in shown if one.author_key})
    parents = _parents(session, shown)
    said = notes.on(session, shown)
    reported = reports.on(session, shown)
    drawn = spot_checks.open_among(session, [one.id for one in shown if one.status == Status.APPROVED])
    writers = {note.actor for written in said.values() for note in written}
    names = moderators.names_of(session, {*writers, *(one.decided_by for one in shown)})
    return [
        Card(
            comment=comment,
            verdict=(verdict := _verdict(comment)),
            scores=_scores(verdict, policies[comment.site_id][1]),
            approved=decided[comment.site_id, comment.author_key, Status.APPROVED],
            rejected=decided[comment.site_id, comment.author_key, Status.REJECTED],
            first_seen=first_seen.get((comment.site_id, comment.author_key)),
            parent=parents.get((comment.site_id, comment.parent_id)),
            notes=[Said(note, names[note.actor]) for note in said[comment.id]],
            reports=reported[comment.id],
            is_drawn=comment.id in drawn,
            decider=names[comment.decided_by],
            domains=curation.domains(comment),
            author_name=curation.author_name(comment),
        )
        for comment in shown
    ]


def _verdict(comment: Comment) -> Verdict:
    return Verdict.model_validate(comment.verdict) if comment.verdict else unscored("Not scored.")


def _scores(verdict: Verdict, policy: Policy) -> list[Score]:
    scored = [label for label in LABEL_WORDS if label in verdict.scores]
    return [Score(LABEL_WORDS[label], verdict.scores[label], policy.threshold(label)) for label in scored]


def _first_seen(session: Session, authors: set[Author]) -> Mapping[Author, datetime]:
    columns = (col(Comment.site_id), col(Comment.author_key))
    query = select(*columns, func.min(Comment.created_at)).where(tuple_(*columns).in_(authors)).group_by(*columns)
    return {(site_id, key): at for site_id, key, at in session.execute(query)} if authors else {}


def _parents(session: Session, shown: Sequence[Comment]) -> Mapping[tuple[UUID, str | None], Comment]:
    wanted = {(comment.site_id, comment.parent_id) for comment in shown if comment.parent_id}
    if not wanted:
        return {}
    query = select(Comment).where(tuple_(col(Comment.site_id), col(Comment.external_id)).in_(wanted))
    return {(comment.site_id, comment.external_id): comment for comment in session.scalars(query)}
