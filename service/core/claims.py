"""Who has which held comment before them: two moderators never get the same one, and nobody keeps one for long."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, literal, or_, select, update
from sqlmodel import Session, col

from service.core import bulk, db
from service.core.db import UtcDateTime
from service.core.models import Claim, Comment, Moderator

# Longer than a few missed renewals (`console/live.py`), shorter than a coffee.
LEASE = timedelta(minutes=3)


def take(session: Session, moderator_id: UUID, wanted: Sequence[Comment]) -> set[UUID]:
    """Claim these comments, or go on having them; the ids of those that the moderator has now."""
    if not wanted:
        return set()
    now = db.now(session)
    mine = {"moderator_id": moderator_id, "until": now + LEASE}
    columns = (col(Comment.id), col(Comment.site_id), literal(moderator_id), literal(now + LEASE, UtcDateTime()))
    ids = bulk.among(session, col(Comment.id), [one.id for one in wanted])
    # In one order for all: two who claim crosswise would wait for each other.
    new = select(*columns).where(ids).order_by(col(Comment.id))
    inserted = db.insert(session, Claim).from_select(["comment_id", "site_id", "moderator_id", "until"], new)
    taken = inserted.on_conflict_do_update(
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
        select(col(Moderator.name))
        .join(Claim, col(Claim.moderator_id) == col(Moderator.id))
        .where(
            col(Claim.comment_id) == comment_id,
            col(Claim.moderator_id) != moderator_id,
            col(Claim.until) >= db.now(session),
        )
    )
    return session.scalars(query).first()


def others(session: Session, site_ids: Collection[UUID], moderator_id: UUID) -> Counter[str]:
    """The names of the other moderators, and how many comments of these sites each has now."""
    query = (
        select(col(Moderator.name), func.count())
        .join(Claim, col(Claim.moderator_id) == col(Moderator.id))
        .where(
            col(Claim.site_id).in_(site_ids),
            col(Claim.moderator_id) != moderator_id,
            col(Claim.until) >= db.now(session),
        )
        .group_by(col(Moderator.name))
    )
    return Counter(dict(session.execute(query).all()))
