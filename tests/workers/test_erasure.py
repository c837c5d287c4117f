"""Erasing: after it no byte of the text, the address or the author is left, wherever the comment has been."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from service.core import comments, erasure, shadows, sites, submissions, webhooks
from service.core.db import Database
from service.core.erasure import Author
from service.core.models import AuditEntry, Category, Comment, Delivery, Event, Lesson, Shadow
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.dumps import dump
from tests.engines import word_scorer
from workers import housekeeping, scoring
from workers.learning import step as learning

# Each is looked for byte by byte.
PERSON = {
    "text": "Zephyrine plays the ocarina in Kostroma, insult or not, and has a lot to say about her quince marmalade.",
    "author_name": "Zephyrine Quoll",
    "author_email": "zephyrine@ocarina.example",
    "author_url": "https://quoll.ocarina.example",
    "author_id": "account-zq-77",
    "author_ip": "198.51.100.77",
    "user_agent": "OcarinaBrowser/7",
    "referrer": "https://kostroma.example/search",
    "external_id": "external-zq-77",
}
METADATA = {"nick": "zephy-the-owl"}
NEEDLES = [value for name, value in PERSON.items() if name != "text"] + [
    *("Zephyrine", "zephyrine", "Kostroma", "ocarina", "quince", "zephy-the-owl", "idempotency-zq", "echo-of-zq"),
]


@pytest.fixture
def comment_id(database: Database, settings: Settings, site_id: UUID) -> UUID:
    """A comment that has been everywhere: scored, tried by a shadow, decided by a human, taught, told and attempted."""
    with database.transaction() as session:
        endpoint = webhooks.create(session, site_id, "https://blog.example.org/", allow_private=False)
        shadows.put(session, site_id, Shadow(site_id=site_id, name="strict", rules={"max_links": 0}, created_by="site"))
        submission = Submission.model_validate({**PERSON, "metadata": METADATA})
        comment = submissions.submit(session, site_id, submission, "idempotency-zq")
    scoring.score_batch(database, word_scorer(), settings)
    with database.transaction() as session:
        comments.review(session, site_id, comment.id, approve=False, category=Category.TOXIC, actor="moderator:1")
        event = session.exec(select(Event)).first()
        assert event
        session.add(
            Delivery(
                site_id=site_id,
                event_id=event.id,
                endpoint_id=endpoint.id,
                attempt=1,
                duration_ms=1,
                response="echo-of-zq: zephyrine@ocarina.example",
            )
        )
    learning.learn_batch(database, settings)
    return comment.id


def _found(database: Database) -> list[str]:
    held = dump(database)
    return [needle for needle in NEEDLES if needle.encode() in held]


def _erase_comment(database: Database, site_id: UUID, comment_id: UUID) -> None:
    with database.transaction() as session:
        comments.erase(session, site_id, comment_id, "site")


def _erase_author(database: Database, site_id: UUID, comment_id: UUID) -> None:
    with database.transaction() as session:
        assert erasure.author(session, site_id, Author(email="Zephyrine@Ocarina.example"), "site") == 1


@pytest.mark.parametrize("erase", [_erase_comment, _erase_author])
def test_not_a_byte_of_an_erased_comment_is_left(
    database: Database,
    settings: Settings,
    site_id: UUID,
    comment_id: UUID,
    erase: Callable[[Database, UUID, UUID], None],
) -> None:
    assert set(_found(database)) == set(NEEDLES)

    erase(database, site_id, comment_id)
    learning.learn_batch(database, settings)
    housekeeping.empty_journal(database)

    assert _found(database) == []
    with database.reading() as session:
        for table in (Comment, Event, Delivery, Lesson):
            assert session.exec(select(table)).all() == []
        assert [entry.action for entry in session.exec(select(AuditEntry))] == ["settle", "review", "erase"]


def test_sqlite_s_write_ahead_log_is_emptied_too(
    database: Database, settings: Settings, site_id: UUID, comment_id: UUID
) -> None:
    if database.engine.dialect.name == "sqlite":
        with database.engine.connect() as connection:
            connection.rollback()
        raw = database.engine.raw_connection()
        raw.cursor().execute("PRAGMA journal_mode=WAL")
        raw.close()

    _erase_comment(database, site_id, comment_id)
    learning.learn_batch(database, settings)
    housekeeping.empty_journal(database)

    assert _found(database) == []


WHO: list[tuple[Author, list[str]]] = [
    (Author(id="user-17"), ["with both", "with the account"]),
    (Author(email="aiko@example.org"), ["with both", "in capitals"]),
    (Author(email="ÄIKO@EXAMPLE.ORG"), ["beyond ASCII"]),
    (Author("user-17", "aiko@example.org"), ["with both", "with the account", "in capitals"]),
    (Author("", ""), []),
    (Author("%", "%"), []),
]


@pytest.mark.parametrize(("who", "erased"), WHO, ids=str)
def test_an_author_is_all_that_one_account_or_one_address_has_written(
    database: Database, site_id: UUID, who: Author, erased: list[str]
) -> None:
    _submit(database, site_id, text="with both", author_id="user-17", author_email="aiko@example.org")
    _submit(database, site_id, text="with the account", author_id="user-17")
    _submit(database, site_id, text="in capitals", author_email="Aiko@Example.org", author_id="user-18")
    _submit(database, site_id, text="beyond ASCII", author_email="Äiko@example.org")
    _submit(database, site_id, text="somebody else's", author_email="noor@example.org")
    _submit(database, site_id, text="nobody's")
    before = _texts(database)

    with database.transaction() as session:
        number = erasure.author(session, site_id, who, "site")

    assert before - _texts(database) == set(erased)
    assert number == len(erased)


def test_another_site_s_author_stays(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        elsewhere = sites.create(session, "Another blog").id
    _submit(database, elsewhere, text="elsewhere", author_id="user-17")

    with database.transaction() as session:
        assert erasure.author(session, site_id, Author(id="user-17"), "site") == 0

    assert _texts(database) == {"elsewhere"}


def test_a_prolific_author_is_erased_in_batches(
    database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    for number in range(5):
        _submit(database, site_id, text=f"comment {number}", author_id="user-17")

    erased = []
    for _ in range(4):
        with database.transaction() as session:
            erased.append(erasure.author(session, site_id, Author(id="user-17"), "site"))

    assert erased == [2, 2, 1, 0]


def _submit(database: Database, site_id: UUID, **fields: Any) -> None:
    with database.transaction() as session:
        submissions.submit(session, site_id, Submission.model_validate(fields))


def _texts(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.exec(select(Comment.text)))
