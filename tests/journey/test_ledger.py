"""The ledger finds what it is there to find: each broken promise, broken on purpose."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import delete, update
from sqlmodel import col

from service.core import comments, outbox, sites, submissions
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import AuditEntry, Comment, OutboxRow, Status
from service.core.policy import Decision, Verdict
from service.core.queue import Topic
from service.core.submissions import Submission
from tests.journey import ledger
from tests.journey.ledger import CLEAN, Review
from tests.servers.receiver import Request


@pytest.fixture
def comment(database: Database) -> Comment:
    """A comment that was accepted and held, and owes nobody anything."""
    with database.transaction() as session:
        site = sites.create(session, "Journey")
        comment = submissions.submit(session, site.id, Submission(text="A fine day."))
        session.flush()
        comments.settle(
            session, [Settlement(comment.id, comment.revision, Verdict(decision=Decision.HOLD, rule="r", reasons=[]))]
        )
        session.flush()
        session.execute(delete(OutboxRow))
    return comment


def telling(comment: Comment, webhook_id: str = "evt_1", *, verified: bool = True) -> Request:
    data = {"id": str(comment.id), "sequence": 1, "status": "held"}
    body = json.dumps({"data": data}).encode()
    return Request("POST", "/hook", {"webhook-id": webhook_id}, body, datetime.now(UTC), verified)


def test_a_comment_that_was_held_and_told_is_clean(database: Database, comment: Comment) -> None:
    twice = [telling(comment), telling(comment)]

    assert ledger.judge(database, {str(comment.id)}, twice, {Review(str(comment.id), 1, Status.HELD)}) == CLEAN


def test_an_accepted_comment_without_a_row_is_lost(database: Database) -> None:
    missing = str(uuid4())

    assert ledger.judge(database, {missing}, []) == replace(CLEAN, lost={missing}, unreported={missing})


def test_a_pending_comment_is_undecided(database: Database, comment: Comment) -> None:
    with database.transaction() as session:
        session.execute(update(Comment).values(status=Status.PENDING))

    assert ledger.judge(database, {str(comment.id)}, [telling(comment)]).undecided == {str(comment.id)}


def test_two_settlements_of_one_comment_are_found(database: Database, comment: Comment) -> None:
    with database.transaction() as session:
        session.add(
            AuditEntry(
                site_id=comment.site_id,
                comment_id=comment.id,
                at=datetime.now(UTC),
                actor="policy",
                action="settle",
                sequence=2,
            )
        )

    verdict = ledger.judge(database, {str(comment.id)}, [telling(comment)])

    assert verdict == replace(CLEAN, decided_twice={str(comment.id)})


def test_a_decision_that_only_a_forged_webhook_told_is_unreported(database: Database, comment: Comment) -> None:
    verdict = ledger.judge(database, {str(comment.id)}, [telling(comment, verified=False)])

    assert verdict == replace(CLEAN, unreported={str(comment.id)}, refused=1)


def test_a_status_that_has_moved_on_untold_is_unreported(database: Database, comment: Comment) -> None:
    with database.transaction() as session:
        session.execute(update(Comment).where(col(Comment.id) == comment.id).values(sequence=2))

    assert ledger.judge(database, {str(comment.id)}, [telling(comment)]).unreported == {str(comment.id)}


def test_one_decision_under_two_webhook_ids_is_found(database: Database, comment: Comment) -> None:
    verdict = ledger.judge(database, {str(comment.id)}, [telling(comment, "evt_1"), telling(comment, "evt_2")])

    assert verdict == replace(CLEAN, two_ids={str(comment.id)})


def test_a_review_that_no_webhook_told_is_found(database: Database, comment: Comment) -> None:
    review = Review(str(comment.id), 2, Status.APPROVED)

    verdict = ledger.judge(database, {str(comment.id)}, [telling(comment)], {review})

    assert verdict == replace(CLEAN, unreported_reviews={review})


def test_what_is_left_in_the_outbox_is_owed(database: Database, comment: Comment) -> None:
    with database.transaction() as session:
        outbox.put(session, Topic.SCORE, comment.id)

    assert ledger.judge(database, {str(comment.id)}, [telling(comment)]) == replace(CLEAN, owed=1)
