"""Moderators: who gets in, for how long, and to which sites."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from service.core import errors, moderators
from service.core.db import Database
from service.core.models import ConsoleSession, Moderator, Role

IDLE, LENGTH = timedelta(minutes=30), timedelta(hours=12)
PASSWORD = "correct horse battery staple"


@pytest.fixture
def mia(database: Database) -> Moderator:
    with database.transaction() as session:
        return moderators.create(session, "Mia@Example.org", "Mia", PASSWORD)


def _log_in(database: Database, email: str = "mia@example.org", password: str = PASSWORD) -> str | None:
    with database.transaction() as session:
        moderator = moderators.find(session, email)
        right = moderators.may_enter(moderator, password)
        return moderators.log_in(session, moderator) if right and moderator else None


def _current(database: Database, token: str | None) -> str:
    with database.transaction() as session:
        return moderators.current(session, token or "", idle=IDLE, length=LENGTH).name


def _age(database: Database, *, opened: timedelta, seen: timedelta) -> None:
    with database.transaction() as session:
        row = session.exec(select(ConsoleSession)).one()
        row.created_at = datetime.now(UTC) - opened
        row.seen_at = datetime.now(UTC) - seen


def test_the_right_password_logs_in_however_the_address_is_typed(database: Database, mia: Moderator) -> None:
    for email in ("mia@example.org", "MIA@EXAMPLE.ORG", "  Mia@Example.org\n"):
        assert _current(database, _log_in(database, email)) == "Mia"


WRONG = [
    ("mia@example.org", ""),
    ("mia@example.org", PASSWORD + " "),
    ("mia@example.org", PASSWORD.upper()),
    ("mia@example.org", "\0"),
    ("noor@example.org", PASSWORD),
    ("", PASSWORD),
    ("%", PASSWORD),
]


def test_another_password_or_address_does_not_log_in(database: Database, mia: Moderator) -> None:
    answers = [_log_in(database, email, password) for email, password in WRONG]

    assert answers == [None] * len(WRONG)
    with database.reading() as session:
        assert session.exec(select(ConsoleSession)).all() == []


def test_a_disabled_moderator_neither_logs_in_nor_stays_logged_in(database: Database, mia: Moderator) -> None:
    token = _log_in(database)
    with database.transaction() as session:
        session.get_one(Moderator, mia.id).disabled_at = datetime.now(UTC)

    assert _log_in(database) is None
    with pytest.raises(errors.UnauthorizedError):
        _current(database, token)


def test_neither_password_nor_token_is_stored(database: Database, mia: Moderator) -> None:
    token = _log_in(database)

    with database.engine.connect() as connection:
        stored = str([connection.execute(text(f"SELECT * FROM {t}")).all() for t in ("moderator", "console_session")])

    assert "$argon2id$v=19$m=19456,t=2,p=1$" in stored
    assert PASSWORD not in stored
    assert str(token) not in stored


def test_every_login_has_a_token_and_a_csrf_token_of_its_own(database: Database, mia: Moderator) -> None:
    tokens = {_log_in(database) or "" for _ in range(2)}
    csrf_tokens = {moderators.csrf_token(token) for token in tokens}

    assert len(tokens | csrf_tokens) == 4


def test_two_moderators_cannot_have_one_address(database: Database, mia: Moderator) -> None:
    with pytest.raises(errors.ConflictError), database.transaction() as session:
        moderators.create(session, "MIA@example.org", "Another Mia", PASSWORD)


@pytest.mark.parametrize(
    ("opened", "seen"),
    [
        (timedelta(hours=1), timedelta(minutes=29)),
        (timedelta(hours=11, minutes=59), timedelta(minutes=1)),
    ],
)
def test_a_session_in_use_lasts(database: Database, mia: Moderator, opened: timedelta, seen: timedelta) -> None:
    token = _log_in(database)
    _age(database, opened=opened, seen=seen)

    assert _current(database, token) == "Mia"


@pytest.mark.parametrize(
    ("opened", "seen"),
    [
        (timedelta(hours=1), timedelta(minutes=31)),
        (timedelta(hours=12, minutes=1), timedelta(0)),
    ],
    ids=["idle", "long"],
)
def test_a_session_ends_when_it_was_idle_or_open_for_too_long(
    database: Database, mia: Moderator, opened: timedelta, seen: timedelta
) -> None:
    token = _log_in(database)
    _age(database, opened=opened, seen=seen)

    with pytest.raises(errors.UnauthorizedError):
        _current(database, token)


def test_being_there_keeps_the_session_from_being_idle(database: Database, mia: Moderator) -> None:
    token = _log_in(database)
    _age(database, opened=timedelta(hours=1), seen=timedelta(minutes=29))

    _current(database, token)

    with database.reading() as session:
        seen_at = session.exec(select(ConsoleSession)).one().seen_at
    assert datetime.now(UTC) - seen_at < timedelta(minutes=1)


def test_a_token_that_was_never_issued_opens_nothing(database: Database, mia: Moderator) -> None:
    _log_in(database)

    for token in ("", "never issued", "\0", "\ud800", "x" * 100_000):
        with pytest.raises(errors.UnauthorizedError):
            _current(database, token)


def test_who_logs_out_is_out_and_the_others_stay(database: Database, mia: Moderator) -> None:
    here, elsewhere = _log_in(database), _log_in(database)

    with database.transaction() as session:
        moderators.log_out(session, here or "")
        moderators.log_out(session, "never issued")

    with pytest.raises(errors.UnauthorizedError):
        _current(database, here)
    assert _current(database, elsewhere) == "Mia"


def test_a_moderator_sees_the_sites_that_they_have_joined(
    database: Database, mia: Moderator, site_id: UUID, other_site_id: UUID
) -> None:
    with database.transaction() as session:
        noor = moderators.create(session, "noor@example.org", "Noor", PASSWORD)
        moderators.join(session, noor, site_id, Role.ADMIN)
        moderators.join(session, noor, other_site_id)
        moderators.join(session, mia, site_id)

    with database.reading() as session:
        seen = {
            who.name: [(site.name, role) for site, role in moderators.memberships(session, who)] for who in (mia, noor)
        }
    assert seen == {
        "Mia": [("Treaty blog", Role.MODERATOR)],
        "Noor": [("Another blog", Role.MODERATOR), ("Treaty blog", Role.ADMIN)],
    }
