"""What a site has seen before, counted in the database."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from service.core import comments, db, sites, submissions
from service.core.db import Database
from service.core.models import Comment, Imprint, Status
from service.core.submissions import Submission
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
        assert past[batch[1].id] == History(1, 1, 2, 2, 2)


SPUN = (
    "I have been surfing online more than three hours today, yet I never found any interesting article like yours."
    " It is pretty worth enough for me. In my view, if all webmasters made good content as you did, the web would be"
    " a lot more useful than ever before. {}"
)


def test_nearly_the_same_text_counts_at_the_site(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        first = _submit(session, site_id, text=SPUN.format("Thanks, Ben!"))
        history.of(session, [first])
        second = _submit(session, site_id, text=SPUN.format("Regards from Ann."))

        past = history.of(session, [second])[second.id]

        assert (past.same_text, past.similar, past.similar_elsewhere) == (0, 1, 0)


def test_nearly_the_same_text_counts_across_sites(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        elsewhere = sites.create(session, "Another").id
        history.of(session, [_submit(session, elsewhere, text=SPUN.format("Thanks, Ben!"))])
        here = _submit(session, site_id, text=SPUN.format("Regards from Ann."))

        past = history.of(session, [here])[here.id]

        assert (past.similar, past.similar_elsewhere) == (0, 1)


def test_near_duplicates_of_one_batch_count_each_other(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        batch = [_submit(session, site_id, text=SPUN.format(name)) for name in ("Ben.", "Ann.", "Kim.")]

        past = history.of(session, batch)

        assert [past[comment.id].similar for comment in batch] == [2, 2, 2]


def test_a_near_duplicate_is_forgotten_after_a_week(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        history.of(session, [_submit(session, site_id, text=SPUN.format("Ben."))])
        for imprint in session.scalars(select(Imprint)):
            imprint.created_at -= timedelta(days=7, minutes=1)
        session.flush()
        late = _submit(session, site_id, text=SPUN.format("Ann."))

        assert history.of(session, [late])[late.id].similar == 0


def test_a_comment_that_is_scored_again_leaves_only_its_last_imprints(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        comment = _submit(session, site_id, text=SPUN.format("http://a.example Ben."))
        history.of(session, [comment])
        comment.text, comment.revision = "Changed: http://b.example", 2
        history.of(session, [comment])

        assert len(session.scalars(select(Imprint)).all()) == 1
        assert history.of(session, [comment])[comment.id].similar == 0


def test_further_copies_of_a_well_known_text_leave_no_imprint(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        batches = [[_submit(session, site_id, text=SPUN.format("")) for _ in range(8)] for _ in range(4)]
        for batch in batches:
            history.of(session, batch)

        past = history.of(session, batches[-1])

        assert len(session.scalars(select(Imprint.comment_id).distinct()).all()) == 16
        assert past[batches[-1][0].id].similar == 16 + 7


def test_comments_with_a_link_to_the_same_host_are_counted(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        elsewhere = sites.create(session, "Another").id
        texts = [f"Look {number}: https://www.A.example/{number}" for number in range(3)]
        batch = [_submit(session, site_id, text=text) for text in texts]
        history.of(session, batch)
        last, other = _submit(session, site_id, text="http://a.example"), _submit(session, elsewhere, text=texts[0])

        past = history.of(session, [last, other])

        assert (past[last.id].recent_with_host, past[other.id].recent_with_host) == (3, 0)


def test_an_authors_comments_of_ten_minutes_are_counted(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for age in (timedelta(minutes=9), timedelta(minutes=11)):
            _submit(session, site_id, author_email="aiko@example.org", age=age)
        comment = _submit(session, site_id, author_email="aiko@example.org")

        assert history.of(session, [comment])[comment.id].recent_from_author == 1


def test_the_queries_do_not_grow_with_the_batch(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        batch = [_submit(session, site_id, text=SPUN.format(n), author_email=f"{n}@example.org") for n in range(50)]
        statements: list[str] = []
        event.listen(database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

        history.of(session, batch)

        assert len(statements) <= 9


def _submit(
    session: Session, site_id: UUID, *, text: str | None = None, age: timedelta = timedelta(0), **content: Any
) -> Comment:
    submission = Submission.model_validate({"text": text or f"Text {db.new_id()}", **content})
    stored = submissions.submit(session, site_id, submission)
    comment = comments.get(session, site_id, stored.id)
    comment.created_at -= age
    session.flush()
    return comment
