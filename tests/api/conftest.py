"""The API of a fresh Gatepost on each kind of database: a site, a blog that holds its key, a scorer to call."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from service.core import keys, sites
from service.core.models import Scope
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app
from tests.engines import word_scorer
from tests.secret_keys import SECRET_KEYS
from workers import scoring


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    # The machine of a test may be slow; what happens when the database is, has tests of its own.
    slow = timedelta(seconds=60)
    return Settings(
        database_url=migrated_url, database_timeout=slow, secret_keys=SecretStr(SECRET_KEYS), _env_file=None
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    app = build_app(settings, SilentBell())
    yield app
    app.state.database.engine.dispose()


@pytest.fixture
def client(app: FastAPI, issue_key: Callable[[Scope], str]) -> TestClient:
    """The blog, with its admin key. What no handler knows is an answer with status 500, as for a real client."""
    headers = {"authorization": f"Bearer {issue_key(Scope.ADMIN)}"}
    return TestClient(app, raise_server_exceptions=False, headers=headers)


@pytest.fixture
def other_client(app: FastAPI) -> TestClient:
    """Another blog, with an admin key of its own."""
    with app.state.database.transaction() as session:
        key = keys.issue(session, sites.create(session, "Another blog").id, Scope.ADMIN)
    return TestClient(app, raise_server_exceptions=False, headers={"authorization": f"Bearer {key}"})


@pytest.fixture
def score(app: FastAPI, settings: Settings) -> Callable[[], int]:
    """One step of the scorer; gives back how many comments it claimed."""
    return lambda: scoring.score_batch(app.state.database, word_scorer(), settings)
