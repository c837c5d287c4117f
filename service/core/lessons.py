"""Lessons: what humans decided, kept for the site to learn from. A comment has one lesson at most."""

from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, select

from service.core import db, outbox
from service.core.models import Comment, Lesson, SiteModel
from service.core.queue import Topic


def record(session: Session, comment: Comment) -> None:
    """A human has just decided the comment, whose row the caller has locked: the latest word is the lesson."""
    lesson = session.exec(select(Lesson).where(col(Lesson.comment_id) == comment.id)).first()
    if lesson is None:
        lesson = Lesson(site_id=comment.site_id, comment_id=comment.id, actor="")
        session.add(lesson)
    lesson.category = comment.category
    lesson.actor = comment.decided_by or ""
    lesson.at = comment.decided_at or db.now(session)
    outbox.put(session, Topic.LEARN, comment.site_id)


def forget(session: Session, comment: Comment) -> None:
    """The comment is another one now, or erased: what it taught is unlearnt."""
    taught = session.scalars(delete(Lesson).where(col(Lesson.comment_id) == comment.id).returning(col(Lesson.id)))
    if taught.first():
        outbox.put(session, Topic.LEARN, comment.site_id)


def reset(session: Session, site_id: UUID) -> int:
    """Forget all that the site was taught; the number of lessons. Its model's next version knows nothing."""
    # Locked first, as by the worker that learns: else each waits for the other.
    model = locked_model(session, site_id)
    taught = session.scalars(delete(Lesson).where(col(Lesson.site_id) == site_id).returning(col(Lesson.id))).all()
    model.version += 1
    model.taught, model.weights, model.updated_at = 0, b"", db.now(session)
    return len(taught)


def locked_model(session: Session, site_id: UUID) -> SiteModel:
    """The site's model, made if there is none; nobody else changes it until this transaction ends."""
    first = {"site_id": site_id, "version": 0, "taught": 0, "weights": b"", "updated_at": db.now(session)}
    session.execute(db.insert(session, SiteModel).values(first).on_conflict_do_nothing())
    return session.exec(
        select(SiteModel)
        .where(col(SiteModel.site_id) == site_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
