"""Comments that come in together are stored together, and each is answered for itself."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, text
from sqlmodel import select

from service.core import errors, intake, keys, submissions
from service.core.admission import Entry
from service.core.db import Database
from service.core.intake import Incoming, Intake
from service.core.models import Comment, OutboxRow, Scope
from service.core.quotas import LocalQuotas
from service.core.submissions import Submission

LIMIT = 20


@pytest.fixture
def key(database: Database, site_id: UUID) -> str:
    with database.transaction() as session:
        return keys.issue(session, site_id, Scope.SUBMIT)


@pytest.fixture
def commits(database: Database) -> Iterator[list[str]]:
    made: list[str] = []

    def note(_: object) -> None:
        made.append("commit")

    event.listen(database.engine, "commit", note)
    yield made
    event.remove(database.engine, "commit", note)


@pytest.fixture
def submit(database: Database) -> Callable[..., list[Any]]:
    """Submit these (bearer, idempotency key, fields) at the same moment; a comment or an error for each."""

    def submit(*requests: tuple[str, str | None, dict[str, Any]], limit: int = LIMIT) -> list[Any]:
        taking = Intake(database, LocalQuotas(limit))

        async def all_at_once() -> list[Any]:
            incoming = [Incoming(Entry(bearer), Submission(**fields), once) for bearer, once, fields in requests]
            return list(await asyncio.gather(*map(taking.submit, incoming), return_exceptions=True))

        return asyncio.run(all_at_once())

    return submit


def _stored(database: Database) -> dict[UUID, str]:
    with database.reading() as session:
        owed = set(session.exec(select(OutboxRow.subject_id)))
        found = {comment.id: comment.text for comment in session.exec(select(Comment))}
    assert owed == found.keys()
    return found


def test_comments_that_come_together_share_a_commit(
    database: Database, submit: Callable[..., list[Any]], key: str, commits: list[str]
) -> None:
    submit((key, None, {"text": "The first use of a key is noted, in a transaction of its own."}))
    commits.clear()

    made = submit(*((key, None, {"text": f"Comment {number}."}) for number in range(15)))

    assert len({comment.id for comment in made}) == 15
    assert {comment.id: comment.text for comment in made}.items() <= _stored(database).items()
    # The first one goes alone, the others while it is under way; there are fewer commits than comments in any case.
    assert len(commits) <= 3


def test_each_is_answered_for_itself(database: Database, submit: Callable[..., list[Any]], key: str) -> None:
    known = submit((key, "k-1", {"text": "The first.", "external_id": "c-1"}))[0]

    wrong_key, conflict, repeat, good = submit(
        (f"{key}x", None, {"text": "Not mine."}),
        (key, "k-1", {"text": "Something else."}),
        (key, None, {"text": "Sent again.", "external_id": "c-1"}),
        (key, None, {"text": "A new one."}),
    )

    assert isinstance(wrong_key, errors.UnauthorizedError)
    assert isinstance(conflict, errors.IdempotencyConflictError)
    assert repeat.id == known.id
    assert _stored(database) == {known.id: "The first.", good.id: "A new one."}


def test_a_revoked_key_opens_nothing_from_then_on(
    database: Database, submit: Callable[..., list[Any]], key: str
) -> None:
    submit((key, None, {"text": "Still welcome."}))
    with database.transaction() as session:
        keys.revoke(session, keys.public_id(key))

    [refused] = submit((key, None, {"text": "No longer."}))

    assert isinstance(refused, errors.UnauthorizedError)
    assert list(_stored(database).values()) == ["Still welcome."]


def test_of_those_beyond_the_limit_none_is_stored(
    database: Database, submit: Callable[..., list[Any]], key: str
) -> None:
    outcomes = submit(*((key, None, {"text": f"Comment {number}."}) for number in range(10)), limit=4)

    assert sum(isinstance(outcome, errors.QuotaError) for outcome in outcomes) == 6
    assert len(_stored(database)) == 4


def test_repeats_within_a_group_are_one_comment(database: Database, site_id: UUID) -> None:
    same = Submission(text="Thank you.", external_id="c-1")
    other = Submission(text="Something else.")
    arrivals = [
        submissions.arrival(site_id, same, "k-1"),
        submissions.arrival(site_id, same, "k-1"),
        submissions.arrival(site_id, same, "k-2"),
        submissions.arrival(site_id, same),
        submissions.arrival(site_id, other, "k-1"),
    ]

    *repeats, conflict = intake.store(database, arrivals)

    assert isinstance(conflict, errors.IdempotencyConflictError)
    [comment_id] = {comment.id for comment in repeats if isinstance(comment, Comment)}
    assert _stored(database) == {comment_id: "Thank you."}


def test_one_that_spoils_the_transaction_does_not_spoil_it_for_its_mates(database: Database, site_id: UUID) -> None:
    _refuse(database, "poison")
    texts = [*(f"Comment {number}." for number in range(5)), "poison", "Another."]

    outcomes = intake.store(database, [submissions.arrival(site_id, Submission(text=one)) for one in texts])

    failed = [one for one, outcome in zip(texts, outcomes, strict=True) if isinstance(outcome, Exception)]
    assert failed == ["poison"]
    assert sorted(_stored(database).values()) == sorted(set(texts) - {"poison"})


_REFUSALS = {
    "postgresql": (
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF NEW.text = '{0}' THEN RAISE 'not this one'; END IF; RETURN NEW; END $$""",
        "CREATE TRIGGER refuse BEFORE INSERT ON comment FOR EACH ROW EXECUTE FUNCTION refuse()",
    ),
    "sqlite": (
        """CREATE TRIGGER refuse BEFORE INSERT ON comment WHEN NEW.text = '{0}'
        BEGIN SELECT RAISE(ABORT, 'not this one'); END""",
    ),
}


def _refuse(database: Database, word: str) -> None:
    """Have the database refuse a comment that says this."""
    with database.engine.begin() as connection:
        for statement in _REFUSALS[connection.dialect.name]:
            connection.execute(text(statement.format(word)))
