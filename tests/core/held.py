"""Comments in a site's held queue, and moderators who decide them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from service.core import comments, db, moderators, submissions
from service.core.comments import Review, Settlement
from service.core.db import Database
from service.core.models import Category, Comment, Moderator
from service.core.policy import Decision, Verdict
from tests.core.conftest import submission


def hold(
    database: Database,
    site_id: UUID,
    *,
    decision: Decision = Decision.HOLD,
    rule: str = "toxicity",
    scores: dict[str, float] | None = None,
    language: str | None = None,
    days_ago: float = 0,
    **fields: Any,
) -> Comment:
    """A held comment, as the scorer leaves it; its id is of the day on which it came."""
    verdict = Verdict(
        decision=decision,
        rule=rule,
        reasons=["Insult: 88%."],
        scores={"insult": 0.88} if scores is None else scores,
        language=language,
    )
    with database.transaction() as session:
        arrival = submissions.arrival(site_id, submission(**fields))
        [comment] = submissions.build([arrival], db.now(session))
        if days_ago:
            since = db.first_id(db.now(session) - timedelta(days=days_ago)).int
            comment.id = UUID(int=since | comment.id.int & ((1 << 80) - 1))
        session.add(Comment(**comment.model_dump()))
        session.flush()
        return comments.settle(session, [Settlement(comment.id, 1, verdict)])[0]


def publish(database: Database, site_id: UUID, **more: Any) -> Comment:
    """A comment that the machine has approved."""
    return hold(database, site_id, decision=Decision.APPROVE, rule="none", scores={"insult": 0.2}, **more)


def decide(database: Database, comment: Comment, actor: str, category: Category | None = None, **more: Any) -> Comment:
    with database.transaction() as session:
        return comments.carry_out(session, comment.site_id, comment.id, Review(actor, category, **more))


def employ(database: Database, name: str, *site_ids: UUID) -> Moderator:
    with database.transaction() as session:
        moderator = Moderator(email=f"{name}@example.org", name=name, password_hash="none")
        session.add(moderator)
        session.flush()
        for site_id in site_ids:
            moderators.join(session, moderator, site_id)
        return moderator
