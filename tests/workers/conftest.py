"""A site, and settings that let the courier stay on loopback."""

from datetime import timedelta
from uuid import UUID

import pytest

from service.core import sites
from service.core.db import Database
from service.core.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings(webhook_allow_private=True, deliver_timeout=timedelta(seconds=5), _env_file=None)


@pytest.fixture
def site_id(database: Database) -> UUID:
    with database.transaction() as session:
        return sites.create(session, "Blog").id
