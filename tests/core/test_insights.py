"""What was decided is counted by day, once, and without what was undone."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, select

from service.core import comments, db, insights, submissions, undo
from service.core.comments import Review, Settlement
from service.core.db import Database
from service.core.models import AuditEntry, Category, Comment, InsightDay, Site, Status
from service.core.policy import Decision, Verdict
from service.core.submissions import Submission

MO = "moderator:00000000-0000-0000-0000-000000000001"


def settled(session: Session, site_id: UUID, decision: Decision = Decision.HOLD, text: str = "Well.") -> Comment:
    comment = submissions.submit(session, site_id, Submission(text=text))
    session.flush()
    verdict = Verdict(decision=decision, rule="toxicity", reasons=[], scores={"insult": 0.9, "spam": 0.1})
    comments.settle(session, [Settlement(comment.id, 1, verdict)])
    session.expire_all()
    return comments.get(session, site_id, comment.id)


def decide(session: Session, comment: Comment, category: Category | None = None) -> None:
    comments.carry_out(session, comment.site_id, comment.id, Review(MO, category))


def today(session: Session) -> date:
    return db.now(session).date()


def long_ago(session: Session, days: int) -> date:
    """Move all that was done to that many days ago."""
    past = db.now(session) - timedelta(days=days)
    for entry in session.exec(select(AuditEntry)).all():
        session.delete(entry)
        session.flush()
        moved = AuditEntry(**{**entry.model_dump(), "id": db.id_of(past), "at": past})
        session.add(moved)
    session.flush()
    return past.date()


def test_what_the_machine_decided_is_counted_by_status(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        settled(session, site_id)
        settled(session, site_id, Decision.APPROVE)
        settled(session, site_id, Decision.APPROVE)

        figures = insights.count(session, [site_id], today(session))

    assert figures.settled == {Status.HELD: 1, Status.APPROVED: 2}


def test_precision_is_the_rejected_part_of_the_held_comments_that_a_human_decided(
    database: Database, site_id: UUID
) -> None:
    with database.transaction() as session:
        decide(session, settled(session, site_id), Category.TOXIC)
        decide(session, settled(session, site_id))
        settled(session, site_id)

        figures = insights.count(session, [site_id], today(session))

    assert figures.reviews() == figures.reviews(rule="toxicity") == figures.reviews(label="insult") == (1, 2)
    assert figures.by_actor == {MO: 2}
    assert insights.WAITS[figures.half_waited() or 0] == timedelta(minutes=1)


def test_what_the_machine_published_and_a_human_rejected_was_missed(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        decide(session, settled(session, site_id, Decision.APPROVE), Category.SPAM)

        figures = insights.count(session, [site_id], today(session))

    assert figures.missed == 1
    assert figures.reviews() == (0, 0)


def test_what_was_undone_does_not_count(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        decide(session, settled(session, site_id))
        entry = undo.last(session, MO, [site_id])
        assert entry
        undo.undo(session, entry, MO)

        figures = insights.count(session, [site_id], today(session))

    assert figures.reviews() == (0, 0)
    assert figures.by_actor == {}


def test_a_day_that_is_over_is_counted_once_and_read_ever_after(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        session.get_one(Site, site_id).created_at = datetime.now(UTC) - timedelta(days=5)
        decide(session, settled(session, site_id), Category.TOXIC)
        day = long_ago(session, 3)
    with database.transaction() as session:
        before = insights.count(session, [site_id], day)
        for due_id, one in insights.due(session):
            insights.keep(session, due_id, one)
            insights.keep(session, due_id, one)
        for entry in session.exec(select(AuditEntry)).all():
            session.delete(entry)
    with database.reading() as session:
        found = insights.by_day(session, [site_id], 7)

    assert before.settled == {Status.HELD: 1}
    assert found[day] == before
    assert list(found) == sorted(found)
    assert len(found) == 7


def test_no_day_is_due_twice_and_today_never(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        session.get_one(Site, site_id).created_at = datetime.now(UTC) - timedelta(days=5)
    with database.transaction() as session:
        due = insights.due(session)
        for due_id, day in due:
            insights.keep(session, due_id, day)
        again = insights.due(session)
        kept = [row.day for row in session.exec(select(InsightDay))]
        now = today(session)

    assert again == []
    assert sorted(kept) == sorted({day for _, day in due})
    assert now not in kept
    assert len(due) >= 4


def test_a_site_of_many_years_is_counted_for_the_longest_range(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        session.get_one(Site, site_id).created_at = datetime(2001, 1, 1, tzinfo=UTC)
    with database.reading() as session:
        assert len(insights.due(session)) == insights.LONGEST


def test_other_sites_do_not_count(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    with database.transaction() as session:
        settled(session, other_site_id, text="Look: https://pills.example")

        assert insights.count(session, [site_id], today(session)).settled == {}
        assert insights.waiting(session, [site_id]) == (0, None, None)
        assert insights.linked(session, [site_id], 7) == {}


def test_the_queue_tells_how_long_its_oldest_and_its_middle_wait(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        waits = [settled(session, site_id) for _ in range(3)]
        for comment, hours in zip(waits, (3, 2, 1), strict=True):
            comment.created_at = datetime(2026, 1, 1, 12, tzinfo=UTC) - timedelta(hours=hours)

        found = insights.waiting(session, [site_id])

    assert found == (3, datetime(2026, 1, 1, 9, tzinfo=UTC), datetime(2026, 1, 1, 10, tzinfo=UTC))


@pytest.mark.parametrize("decision", [Decision.HOLD, Decision.REJECT])
def test_hosts_are_counted_where_comments_were_held_or_rejected(
    database: Database, site_id: UUID, decision: Decision
) -> None:
    with database.transaction() as session:
        status = settled(session, site_id, decision, "Look: https://pills.example/a https://pills.example/b").status
        settled(session, site_id, Decision.APPROVE, "Look: https://maps.example")

        assert insights.linked(session, [site_id], 7) == {("pills.example", status): 1}


def test_figures_are_stored_and_read_as_they_are(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        decide(session, settled(session, site_id), Category.TOXIC)
        figures = insights.count(session, [site_id], today(session))

    assert insights.Figures.read(figures.stored()) == figures
