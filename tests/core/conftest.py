"""A site with a blog's comment, for the tests of the rows."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from service.core import sites
from service.core.comments import Submission
from service.core.db import Database, create_engine
from service.core.queue import LocalBell
from tests.secret_keys import KEYRING
from tests.servers.postgresql import PostgreSQL


def submission(**fields: Any) -> Submission:
    return Submission.model_validate({"text": "Thank you, that explains the treaty well.", **fields})


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
