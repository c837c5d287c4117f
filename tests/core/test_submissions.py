"""Taking comments in: each once, whatever comes twice, and nothing that no database could store."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from service.core import db, errors, submissions
from service.core.db import Database
from service.core.models import Comment, OutboxRow, Status
from service.core.queue import Topic
from service.core.submissions import Submission
from tests.core.conftest import owed, rows, stored_now, submission
from tests.core.crowds import at_once


def test_a_submission_becomes_a_pending_comment_whose_scoring_is_owed(
    database: Database, submit: Callable[..., Comment]
) -> None:
    posted_at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    comment = submit(external_id="c-42", author_ip="::ffff:203.0.113.7", posted_at=posted_at, metadata={"page": 3})

    stored = stored_now(database, comment)

    assert stored.model_dump() == comment.model_dump()
    assert (stored.status, stored.revision, stored.sequence) == (Status.PENDING, 1, 0)
    assert (stored.author_ip, stored.posted_at, stored.extra) == ("203.0.113.7", posted_at, {"page": 3})
    assert [row.subject_id for row in owed(database, Topic.SCORE)] == [comment.id]


def test_neither_comment_nor_work_is_stored_when_the_transaction_fails(database: Database, site_id: UUID) -> None:
    with pytest.raises(RuntimeError), database.transaction() as session:  # noqa: PT012
        submissions.submit(session, site_id, submission(external_id="c-42"), "key")
        raise RuntimeError("the request ends here")

    assert rows(database, Comment) == []
    assert rows(database, OutboxRow) == []


def test_a_comment_of_an_unknown_site_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.transaction() as session:
        submissions.submit(session, db.new_id(), submission())


REPEATS = pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("key", {}),
        (None, {"external_id": "c-42"}),
        ("key", {"external_id": "c-42"}),
    ],
    ids=["key", "external id", "both"],
)


@REPEATS
def test_a_repeat_gives_back_the_first_comment(
    database: Database, submit: Callable[..., Comment], key: str | None, fields: dict[str, Any]
) -> None:
    first, second = submit(key, **fields), submit(key, **fields)

    assert second.id == first.id
    assert len(rows(database, Comment)) == 1
    assert len(owed(database, Topic.SCORE)) == 1


@REPEATS
def test_forty_repeats_at_once_make_one_comment(
    database: Database, submit: Callable[..., Comment], key: str | None, fields: dict[str, Any]
) -> None:
    answers = at_once(40, lambda _: submit(key, **fields).id)

    assert len(set(answers)) == 1
    assert [comment.id for comment in rows(database, Comment)] == answers[:1]
    assert len(owed(database, Topic.SCORE)) == 1


def test_ten_keys_at_once_for_one_external_id_all_give_back_the_one_comment(
    database: Database, submit: Callable[..., Comment]
) -> None:
    answers = at_once(10, lambda number: submit(f"key {number}", external_id="c-42").id)
    repeats = [submit(f"key {number}", external_id="c-42").id for number in range(10)]

    assert len(set(answers + repeats)) == 1
    assert len(rows(database, Comment)) == 1


def test_a_known_external_id_wins_over_a_changed_text(submit: Callable[..., Comment]) -> None:
    submit(external_id="c-42", text="the first text")

    assert submit(external_id="c-42", text="another text").text == "the first text"


def test_a_key_with_another_body_conflicts_and_stores_nothing(
    database: Database, submit: Callable[..., Comment]
) -> None:
    submit("key", text="the first text")

    with pytest.raises(errors.IdempotencyConflictError):
        submit("key", text="another text")
    assert len(rows(database, Comment)) == 1


def test_the_same_key_and_external_id_at_another_site_are_another_comment(
    database: Database, submit: Callable[..., Comment], other_site_id: UUID
) -> None:
    first = submit("key", external_id="c-42")

    with database.transaction() as session:
        second = submissions.submit(session, other_site_id, submission(external_id="c-42", text="else"), "key")

    assert second.id != first.id
    assert second.site_id == other_site_id


def test_comments_without_external_id_are_never_taken_for_repeats(submit: Callable[..., Comment]) -> None:
    assert submit().id != submit().id


@pytest.mark.parametrize(
    "fields",
    [
        {"text": ""},
        {"text": "a\0b"},
        {"text": "half a pair \ud800"},
        {"text": "x" * 50_001},
        {"author_ip": "300.1.1.1"},
        {"metadata": {"key": "a\0b"}},
        {"metadata": {"a\0b": 1}},
        {"metadata": {"key": "\ud800"}},
        {"metadata": {"key": float("nan")}},
        {"metadata": {"key": "x" * submissions.METADATA_LIMIT}},
        {"fill_seconds": float("inf")},
        {"posted_at": "2026-11-24T12:00:00"},
        {"status": "approved"},
    ],
    ids=repr,
)
def test_what_no_database_could_store_is_refused_at_the_door(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        submission(**fields)


def test_any_text_that_is_let_in_comes_back_as_it_was(database: Database, submit: Callable[..., Comment]) -> None:
    hostile = "\x01\x7f\ufeff\u202e'; DROP TABLE comment; -- %s :name {} 👩‍👩‍👧 \U0010ffff\r\n"

    comment = submit(text=hostile, metadata={hostile: hostile})

    assert stored_now(database, comment).text == hostile
    assert stored_now(database, comment).extra == {hostile: hostile}


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({}, None),
        ({"author_email": "Aiko@Example.org"}, "mail:aiko@example.org"),
        ({"author_email": "aiko@example.org", "author_id": "User-17"}, "id:User-17"),
    ],
)
def test_an_author_is_known_by_account_or_else_by_address(fields: dict[str, Any], key: str | None) -> None:
    assert submissions.author_key(Submission(text="a", **fields)) == key


def test_a_batch_takes_as_few_statements_as_one_comment(database: Database, site_id: UUID) -> None:
    def statements_for(batch: list[Submission], key: str) -> int:
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731 - to be removed again
        event.listen(database.engine, "before_cursor_execute", listener)
        with database.transaction() as session:
            submissions.submit_all(session, site_id, batch, key)
        event.remove(database.engine, "before_cursor_execute", listener)
        return len(seen)

    few = [submission(external_id=f"few-{number}") for number in range(2)]
    many = [submission(external_id=f"many-{number}") for number in range(100)]

    taken = statements_for(few, "few"), statements_for(many, "many")
    repeated = statements_for(few, "few"), statements_for(many, "many")

    assert taken[0] == taken[1]
    assert repeated[0] == repeated[1]
