"""What a site has seen before, counted in the database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session

from service.core import comments, db, sites
from service.core.comments import Submission
from service.core.db import Database
from service.core.models import Comment, Status
from workers import history
from workers.signals.signal import History

ADDRESS = "203.0.113.7"


def test_a_first_comment_has_no_history(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        comment = _submit(session, site_id, author_email="aiko@example.org", author_ip=ADDRESS)

        assert history.of(session, [comment])[comment.id] == History()


def test_no_comments_have_no_history(database: Database) -> None:
    with database.transaction() as session:
        assert history.of(session, []) == {}


def test_an_authors_approved_and_rejected_comments_are_counted(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for status in (Status.APPROVED, Status.APPROVED, Status.REJECTED, Status.HELD, Status.PENDING):
            _submit(session, site_id, author_email="Aiko@Example.org").status = status
        comment = _submit(session, site_id, author_email="aiko@example.org")

        past = history.of(session, [comment])[comment.id]

        assert (past.author_approved, past.author_rejected) == (2, 1)


def test_an_account_counts_before_an_address(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        _submit(session, site_id, author_id="a", author_email="shared@example.org").status = Status.APPROVED
        same = _submit(session, site_id, author_id="a", author_email="new@example.org")
        other = _submit(session, site_id, author_id="b", author_email="shared@example.org")

        past = history.of(session, [same, other])

        assert [past[comment.id].author_approved for comment in (same, other)] == [1, 0]


def test_comments_without_an_author_or_an_address_share_no_history(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        _submit(session, site_id).status = Status.APPROVED
        comment = _submit(session, site_id)

        past = history.of(session, [comment])[comment.id]

        assert (past.author_approved, past.recent_from_address) == (0, 0)


@pytest.mark.parametrize(("age", "count"), [(timedelta(hours=23, minutes=59), 1), (timedelta(hours=24, minutes=1), 0)])
def test_the_same_text_counts_for_a_day(database: Database, site_id: UUID, age: timedelta, count: int) -> None:
    with database.transaction() as session:
        _submit(session, site_id, text="Buy  THIS!", age=age)
        comment = _submit(session, site_id, text="buy this!")

        assert history.of(session, [comment])[comment.id].same_text == count


@pytest.mark.parametrize(("age", "count"), [(timedelta(minutes=9), 1), (timedelta(minutes=11), 0)])
def test_an_address_counts_for_ten_minutes(database: Database, site_id: UUID, age: timedelta, count: int) -> None:
    with database.transaction() as session:
        _submit(session, site_id, author_ip=ADDRESS, age=age)
        comment = _submit(session, site_id, author_ip=ADDRESS)

        assert history.of(session, [comment])[comment.id].recent_from_address == count


def test_two_comments_of_a_batch_count_each_other(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        batch = [_submit(session, site_id, text="the same", author_ip=ADDRESS) for _ in range(2)]

        past = history.of(session, batch)

        assert [(past[comment.id].same_text, past[comment.id].recent_from_address) for comment in batch] == [(1, 1)] * 2


def test_an_old_comment_that_is_scored_again_still_sees_the_new_ones(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        old = _submit(session, site_id, text="the same", author_ip=ADDRESS, age=timedelta(days=2))
        _submit(session, site_id, text="the same", author_ip=ADDRESS)

        past = history.of(session, [old])[old.id]

        assert (past.same_text, past.recent_from_address) == (1, 1)


def test_another_sites_past_is_not_seen(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        elsewhere = sites.create(session, "Another").id
        person: dict[str, Any] = {"text": "the same", "author_email": "aiko@example.org", "author_ip": ADDRESS}
        for status in (Status.APPROVED, Status.REJECTED):
            _submit(session, elsewhere, **person).status = status
        batch = [_submit(session, site_id, **person), _submit(session, elsewhere, **person)]

        past = history.of(session, batch)

        assert past[batch[0].id] == History()
        assert past[batch[1].id] == History(1, 1, 2, 2)


def _submit(
    session: Session, site_id: UUID, *, text: str | None = None, age: timedelta = timedelta(0), **content: Any
) -> Comment:
    submission = Submission.model_validate({"text": text or f"Text {db.new_id()}", **content})
    stored = comments.submit(session, site_id, submission)
    comment = comments.get(session, site_id, stored.id)
    comment.created_at -= age
    session.flush()
    return comment
