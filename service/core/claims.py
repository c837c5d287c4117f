"""Who has which held comment before them: two moderators never get the same one, and nobody keeps one for long."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, or_, update
from sqlmodel import Session, col, select

from service.core import db
from service.core.models import Claim, Comment, Moderator

# Longer than a few missed renewals (`console/live.py`), shorter than a coffee.
LEASE = timedelta(minutes=3)


def take(session: Session, moderator_id: UUID, wanted: Sequence[Comment]) -> set[UUID]:
    """Claim these comments, or go on having them; the ids of those that the moderator has now."""
    if not wanted:
        return set()
    now = db.now(session)
    mine = {"moderator_id": moderator_id, "until": now + LEASE}
    # In one order for all: two who claim crosswise would wait for each other.
    rows = [{"comment_id": one.id, "site_id": one.site_id, **mine} for one in sorted(wanted, key=lambda one: one.id)]
    new = db.insert(session, Claim).values(rows)
    taken = new.on_conflict_do_update(
        index_elements=["comment_id"],
        set_=mine,
        where=or_(col(Claim.moderator_id) == moderator_id, col(Claim.until) < now),
    ).returning(col(Claim.comment_id))
    return set(session.scalars(taken, execution_options={"synchronize_session": False}))


def free(moderator_id: UUID, now: datetime) -> ColumnElement[bool]:
    """The comments that nobody else has now."""
    return ~exists().where(
        col(Claim.comment_id) == col(Comment.id), col(Claim.moderator_id) != moderator_id, col(Claim.until) >= now
    )


def renew(session: Session, moderator_id: UUID) -> None:
    """The moderator is still there."""
    now = db.now(session)
    mine = update(Claim).where(col(Claim.moderator_id) == moderator_id, col(Claim.until) >= now)
    session.execute(mine.values(until=now + LEASE), execution_options={"synchronize_session": False})


def release(session: Session, moderator_id: UUID) -> None:
    """The moderator goes: others get the comments at once."""
    session.execute(delete(Claim).where(col(Claim.moderator_id) == moderator_id))


def drop(session: Session, comment_ids: Collection[UUID]) -> None:
    """These are decided, or for somebody else."""
    session.execute(delete(Claim).where(col(Claim.comment_id).in_(comment_ids)))


def other_holder(session: Session, comment_id: UUID, moderator_id: UUID) -> str | None:
    """The name of another moderator who has the comment now."""
    query = (
        select(Moderator.name)
        .join(Claim, col(Claim.moderator_id) == col(Moderator.id))
        .where(
            col(Claim.comment_id) == comment_id,
            col(Claim.moderator_id) != moderator_id,
            col(Claim.until) >= db.now(session),
        )
    )
    return session.exec(query).first()


def others(session: Session, site_ids: Collection[UUID], moderator_id: UUID) -> Counter[str]:
    """The names of the other moderators, and how many comments of these sites each has now."""
    query = (
        select(Moderator.name, func.count())
        .join(Claim, col(Claim.moderator_id) == col(Moderator.id))
        .where(
            col(Claim.site_id).in_(site_ids),
            col(Claim.moderator_id) != moderator_id,
            col(Claim.until) >= db.now(session),
        )
        .group_by(col(Moderator.name))
    )
    return Counter(dict(session.exec(query).all()))
