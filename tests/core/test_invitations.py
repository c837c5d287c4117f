"""An invitation opens one place for one person, once and for a week."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlmodel import select

from service.core import errors, invitations, moderators
from service.core.db import Database
from service.core.models import Invitation, Moderator, Role

PASSWORD = "correct horse battery staple"


@pytest.fixture
def noor(database: Database) -> Moderator:
    with database.transaction() as session:
        return moderators.create(session, "noor@example.org", "Noor", PASSWORD)


def invite(database: Database, site_id: UUID, email: str = "Noor@Example.org", role: Role = Role.ADMIN) -> str:
    with database.transaction() as session:
        return invitations.invite(session, site_id, email, role, "moderator:mira")


def accept(database: Database, token: str, moderator: Moderator) -> None:
    with database.transaction() as session:
        invitations.accept(session, token, moderator)


def test_whoever_is_invited_joins_in_the_role(database: Database, site_id: UUID, noor: Moderator) -> None:
    accept(database, invite(database, site_id), noor)

    with database.reading() as session:
        assert [role for _, role in moderators.memberships(session, noor)] == [Role.ADMIN]


def test_an_invitation_holds_once(database: Database, site_id: UUID, noor: Moderator) -> None:
    token = invite(database, site_id)
    accept(database, token, noor)

    with pytest.raises(errors.NotFoundError):
        accept(database, token, noor)


def test_an_invitation_is_for_one_person(database: Database, site_id: UUID, noor: Moderator) -> None:
    token = invite(database, site_id, "leo@example.org")

    with pytest.raises(errors.NotFoundError):
        accept(database, token, noor)


def test_an_invitation_expires(database: Database, site_id: UUID, noor: Moderator) -> None:
    token = invite(database, site_id)
    with database.transaction() as session:
        session.exec(select(Invitation)).one().expires_at = datetime.now(UTC) - timedelta(seconds=1)

    with pytest.raises(errors.NotFoundError):
        accept(database, token, noor)


def test_a_new_invitation_takes_the_place_of_the_one_before(database: Database, site_id: UUID, noor: Moderator) -> None:
    old = invite(database, site_id)
    invite(database, site_id, role=Role.VIEWER)

    with pytest.raises(errors.NotFoundError):
        accept(database, old, noor)


def test_only_the_site_itself_withdraws(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    token = invite(database, site_id)
    with database.transaction() as session:
        [row] = invitations.listed(session, site_id)
        with pytest.raises(errors.NotFoundError):
            invitations.withdraw(session, other_site_id, row.token_hash)
        invitations.withdraw(session, site_id, row.token_hash)

    with database.reading() as session, pytest.raises(errors.NotFoundError):
        invitations.find(session, token)


def test_the_token_is_not_stored(database: Database, site_id: UUID) -> None:
    token = invite(database, site_id)

    with database.reading() as session:
        assert token not in str(session.exec(select(Invitation)).one().model_dump())
