"""What a moderator takes back: never sent while there was time, told anew afterwards."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import select

from service.core import comments, curation, db, notes, outbox, sites, undo, webhooks
from service.core.db import Database
from service.core.models import (
    AuditEntry,
    Category,
    Comment,
    Delivery,
    Event,
    Lesson,
    Note,
    NoteKind,
    OutboxRow,
    Status,
)
from service.core.queue import Topic
from tests.core.conftest import owed, rows, stored_now
from tests.core.held import decide, hold

MIA = "moderator:00000000-0000-7000-8000-000000000001"
LEO = "moderator:00000000-0000-7000-8000-000000000002"
WINDOW = timedelta(seconds=10)


@pytest.fixture(autouse=True)
def endpoint_id(database: Database, site_id: UUID) -> UUID:
    with database.transaction() as session:
        return webhooks.create(session, site_id, "https://blog.example.org/hook", allow_private=False).id


def take_back(database: Database, site_id: UUID, actor: str = MIA) -> list[Comment]:
    with database.transaction() as session:
        entry = undo.last(session, actor, [site_id])
        return undo.undo(session, entry, actor) if entry else []


def told(database: Database, comment: Comment) -> list[tuple[str, int | None]]:
    with database.reading() as session:
        query = select(Event).where(Event.comment_id == comment.id).order_by("sequence")
        return [(event.type, event.sequence) for event in session.exec(query)]


def test_a_decision_is_not_due_for_delivery_before_the_window_is_over(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    decide(database, comment, MIA, delay=WINDOW)

    [at_once, later] = owed(database, Topic.DELIVER)

    assert at_once.due_at - at_once.created_at == timedelta()
    assert later.due_at - later.created_at == WINDOW
    with database.transaction() as session:
        assert [row.id for row in outbox.claim(session, Topic.DELIVER, 10, WINDOW)] == [at_once.id]


def test_what_is_undone_in_time_was_never_sent(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    decide(database, comment, MIA, Category.SPAM, delay=WINDOW)

    [back] = take_back(database, site_id)

    assert (back.status, back.category, back.decided_by) == (Status.HELD, None, comments.POLICY)
    assert back.decided_at == comment.decided_at
    assert told(database, comment) == [("comment.held", 1)]
    assert len(owed(database, Topic.DELIVER)) == 1
    assert rows(database, Lesson) == []


def test_who_saw_the_undone_decision_does_not_decide_unseen(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    seen = decide(database, comment, MIA, Category.SPAM, delay=WINDOW)
    take_back(database, site_id)

    with pytest.raises(comments.MovedOnError):
        decide(database, comment, LEO, sequence=seen.sequence)
    with pytest.raises(comments.MovedOnError):
        decide(database, comment, LEO, sequence=comment.sequence)
    assert stored_now(database, comment).sequence == 3


def test_what_a_courier_has_taken_up_is_told_anew(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    decide(database, comment, MIA, delay=timedelta())
    with database.transaction() as session:
        assert len(outbox.claim(session, Topic.DELIVER, 10, WINDOW)) == 2

    [back] = take_back(database, site_id)

    assert back.status == Status.HELD
    assert told(database, comment) == [("comment.held", 1), ("comment.approved", 2), ("comment.held", 3)]
    assert len(owed(database, Topic.DELIVER)) == 3


def test_what_was_delivered_is_told_anew(database: Database, site_id: UUID, endpoint_id: UUID) -> None:
    comment = hold(database, site_id)
    decide(database, comment, MIA)
    with database.transaction() as session:
        taken = outbox.claim(session, Topic.DELIVER, 10, WINDOW)
        outbox.finish(session, taken)
        session.add_all(
            Delivery(site_id=site_id, event_id=row.subject_id, endpoint_id=endpoint_id, attempt=1, duration_ms=1)
            for row in taken
        )

    take_back(database, site_id)

    assert told(database, comment)[-1] == ("comment.held", 3)
    assert [row.attempts for row in owed(database, Topic.DELIVER)] == [0]


def test_undo_goes_back_step_by_step_and_then_finds_nothing(database: Database, site_id: UUID) -> None:
    first, second = hold(database, site_id), hold(database, site_id)
    decide(database, first, MIA)
    decide(database, second, MIA)
    decide(database, second, LEO, Category.TOXIC)

    undone = [take_back(database, site_id) for _ in range(3)]

    # What Leo has changed since is no longer Mia's to take back.
    assert [[one.id for one in batch] for batch in undone] == [[first.id], [], []]
    assert stored_now(database, second).category == Category.TOXIC


def test_the_decision_before_is_the_decision_again(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    decide(database, comment, LEO, Category.TOXIC)
    decide(database, comment, MIA)

    [back] = take_back(database, site_id)

    assert (back.status, back.category, back.decided_by) == (Status.REJECTED, Category.TOXIC, LEO)
    [lesson] = rows(database, Lesson)
    assert (lesson.category, lesson.actor) == (Category.TOXIC, LEO)


def test_a_batch_is_undone_at_once(database: Database, site_id: UUID) -> None:
    held = [hold(database, site_id) for _ in range(3)]
    batch_id = db.new_id()
    for comment in held:
        decide(database, comment, MIA, Category.SPAM, batch_id=batch_id, delay=WINDOW)

    undone = take_back(database, site_id)

    assert {one.id for one in undone} == {one.id for one in held}
    assert {one.status for one in undone} == {Status.HELD}


def test_an_hour_later_there_is_nothing_to_undo(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    decide(database, comment, MIA)
    with database.transaction() as session:
        old = db.first_id(db.now(session) - undo.REACH - timedelta(minutes=1))
        session.execute(update(AuditEntry).where(AuditEntry.actor == MIA).values(id=old))  # type: ignore[arg-type]

    assert take_back(database, site_id) == []


def test_at_a_site_that_is_no_longer_theirs_nothing_is_undone(
    database: Database, site_id: UUID, other_site_id: UUID
) -> None:
    decide(database, hold(database, site_id), MIA)

    assert take_back(database, other_site_id) == []


def test_both_ends_of_an_undo_are_in_the_audit_log(database: Database, site_id: UUID) -> None:
    decide(database, hold(database, site_id), MIA, Category.SPAM)
    take_back(database, site_id)

    _, review, undone = rows(database, AuditEntry)

    assert (undone.actor, undone.action, undone.before, undone.after) == (MIA, "undo", Status.REJECTED, Status.HELD)
    assert review.undone_at is not None


Act = Callable[[object, Comment], None]


@pytest.mark.parametrize(
    ("act", "field"),
    [
        (lambda session, comment: curation.block_author(session, comment, MIA), "blocked_authors"),
        (lambda session, comment: curation.trust_author(session, comment, MIA), "trusted_authors"),
        (lambda session, comment: curation.ban_domain(session, comment, MIA, "pills.example"), "rejected_words"),
        (lambda session, comment: curation.add_word(session, comment, MIA, "pills", "held_words"), "held_words"),
    ],
)
def test_what_the_rules_learnt_they_forget_again(database: Database, site_id: UUID, act: Act, field: str) -> None:
    comment = hold(database, site_id, text="https://www.pills.example/", author_email="Carl@example.org")
    with database.transaction() as session:
        act(session, comment)
        learnt = sites.policy_version(session, site_id).rules[field]
        sites.amend_policy(session, site_id, lambda policy: policy.model_copy(update={"max_links": 1}), "site")

    take_back(database, site_id)

    with database.reading() as session:
        rules = sites.policy_version(session, site_id).rules
    assert len(learnt) == 1
    assert rules == {"max_links": 1}


def test_a_question_is_taken_back(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    with database.transaction() as session:
        notes.ask(session, comment, NoteKind.SECOND_OPINION, MIA, "What is this?")

    [same] = take_back(database, site_id)

    assert same.id == comment.id
    assert rows(database, Note) == []


def test_rows_of_the_outbox_are_not_lost_with_a_failed_recall(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    with database.transaction() as session:
        [row] = outbox.claim(session, Topic.DELIVER, 1, WINDOW)
        assert not outbox.recall(session, row.subject_id)

    assert [one.id for one in rows(database, OutboxRow) if one.topic == Topic.DELIVER] == [row.id]
    assert stored_now(database, comment).status == Status.HELD
