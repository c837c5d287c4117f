"""Moderators: who gets in, and to which sites."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from service.core import account_log, console_sessions, errors, moderators
from service.core.db import Database
from service.core.models import ConsoleSession, Moderator, Role

PASSWORD = "correct horse battery staple"


@pytest.fixture
def mia(database: Database) -> Moderator:
    with database.transaction() as session:
        return moderators.create(session, "Mia@Example.org", "Mia", PASSWORD)


def _may_enter(database: Database, email: str = "mia@example.org", password: str = PASSWORD) -> bool:
    with database.reading() as session:
        return moderators.may_enter(moderators.find(session, email), password)


def test_the_right_password_logs_in_however_the_address_is_typed(database: Database, mia: Moderator) -> None:
    for email in ("mia@example.org", "MIA@EXAMPLE.ORG", "  Mia@Example.org\n"):
        assert _may_enter(database, email)


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
    answers = [_may_enter(database, email, password) for email, password in WRONG]

    assert answers == [False] * len(WRONG)


def test_a_disabled_moderator_does_not_log_in(database: Database, mia: Moderator) -> None:
    with database.transaction() as session:
        moderators.disable(session, mia.email)

    assert not _may_enter(database)


def test_the_password_is_not_stored(database: Database, mia: Moderator) -> None:
    with database.engine.connect() as connection:
        stored = str(connection.execute(text("SELECT * FROM moderator")).all())

    assert "$argon2id$v=19$m=19456,t=2,p=1$" in stored
    assert PASSWORD not in stored


def test_after_a_change_the_new_password_alone_logs_in_and_sessions_have_ended(
    database: Database, mia: Moderator
) -> None:
    password_hash = moderators.hashed("another long password")
    with database.transaction() as session:
        console_sessions.begin(session, mia)
        moderators.change_password(session, mia, password_hash)

    assert [_may_enter(database, password=one) for one in (PASSWORD, "another long password")] == [False, True]
    with database.reading() as session:
        assert session.exec(select(ConsoleSession)).all() == []
        assert [entry.action for entry in account_log.latest(session, [mia.id], 9)] == ["password_changed"]


@pytest.mark.parametrize("password", ["", "eleven char", "x" * 1001])
def test_a_password_has_neither_too_few_characters_nor_too_many(password: str) -> None:
    with pytest.raises(errors.InvalidPasswordError):
        moderators.hashed(password)


def test_two_moderators_cannot_have_one_address(database: Database, mia: Moderator) -> None:
    with pytest.raises(errors.ConflictError), database.transaction() as session:
        moderators.create(session, "MIA@example.org", "Another Mia", PASSWORD)


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


def test_an_account_is_administered_where_alone_it_has_its_places(
    database: Database, mia: Moderator, site_id: UUID, other_site_id: UUID
) -> None:
    with database.transaction() as session:
        noor = moderators.create(session, "noor@example.org", "Noor", PASSWORD)
        for moderator, joined in ((mia, site_id), (noor, site_id), (noor, other_site_id)):
            moderators.join(session, moderator, joined)

    with database.reading() as session:
        ids = [mia.id, noor.id]
        assert moderators.administered_by(session, [site_id], ids) == {mia.id}
        assert moderators.administered_by(session, [site_id, other_site_id], ids) == {mia.id, noor.id}


def test_an_admin_of_every_site_is_one_of_the_installation(
    database: Database, mia: Moderator, site_id: UUID, other_site_id: UUID
) -> None:
    seen = []
    for joined, role in ((site_id, Role.ADMIN), (other_site_id, Role.MODERATOR), (other_site_id, Role.ADMIN)):
        with database.transaction() as session:
            moderators.join(session, mia, joined, role)
        with database.reading() as session:
            seen.append([one.name for one in moderators.admins_everywhere(session)])

    assert seen == [[], [], ["Mia"]]


def test_where_there_is_no_site_nobody_is_an_admin(database: Database, mia: Moderator) -> None:
    with database.reading() as session:
        assert moderators.admins_everywhere(session) == []
