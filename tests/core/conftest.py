"""A site with a blog's comment, for the tests of the rows."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import SQLModel, select

from service.core import comments, sites, submissions
from service.core.db import Database, create_engine
from service.core.models import Comment, OutboxRow
from service.core.queue import LocalBell, Topic
from service.core.submissions import Submission
from tests.secret_keys import KEYRING
from tests.servers.postgresql import PostgreSQL


def submission(**fields: Any) -> Submission:
    return Submission.model_validate({"text": "Thank you, that explains the treaty well.", **fields})


def rows(database: Database, table: type[SQLModel]) -> Sequence[Any]:
    with database.reading() as session:
        return session.exec(select(table).order_by(table.id)).all()  # type: ignore[attr-defined]


def owed(database: Database, topic: Topic) -> list[OutboxRow]:
    return [row for row in rows(database, OutboxRow) if row.topic == topic]


def stored_now(database: Database, comment: Comment) -> Comment:
    with database.reading() as session:
        return comments.get(session, comment.site_id, comment.id)


@pytest.fixture
def submit(database: Database, site_id: UUID) -> Callable[..., Comment]:
    def submit(key: str | None = None, **fields: Any) -> Comment:
        with database.transaction() as session:
            return submissions.submit(session, site_id, submission(**fields), key)

    return submit


@pytest.fixture
def site_id(database: Database) -> UUID:
    with database.transaction() as session:
        return sites.create(session, "Treaty blog").id


@pytest.fixture
def other_site_id(database: Database) -> UUID:
    with database.transaction() as session:
        return sites.create(session, "Another blog").id


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL, migrated_postgresql: str) -> Iterator[Database]:
    """Where several write at the same time; SQLite lets them in one by one."""
    url = postgresql_server.create_database(template=migrated_postgresql)
    database = Database(create_engine(url), LocalBell(), keyring=KEYRING)
    yield database
    database.engine.dispose()
    postgresql_server.drop_database(url)
