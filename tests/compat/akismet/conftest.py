"""The Akismet door of a fresh Gatepost on each kind of database, whose scorer works as soon as it is rung for."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr

from service.core import akismet_keys, sites
from service.core.db import Database
from service.core.models import HeldAsSpam, Site
from service.core.policy import Policy
from service.core.queue import Topic
from service.core.settings import Settings
from service.main import build_app
from tests.engines import word_scorer
from tests.secret_keys import SECRET_KEYS
from workers import scoring

BLOG = "https://blog.example.org"


class ScoringBell:
    """Scores in the thread that rings, unless it is asleep."""

    def __init__(self) -> None:
        self.asleep = False
        self.score: Callable[[], int] = lambda: 0

    def ring(self, topic: Topic) -> None:
        if topic == Topic.SCORE and not self.asleep:
            self.score()


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    slow = timedelta(seconds=60)
    return Settings(
        database_url=migrated_url,
        database_timeout=slow,
        answer_within=slow,
        secret_keys=SecretStr(SECRET_KEYS),
        _env_file=None,
    )


@pytest.fixture
def bell() -> ScoringBell:
    return ScoringBell()


@pytest.fixture
def app(settings: Settings, bell: ScoringBell) -> Iterator[FastAPI]:
    app = build_app(settings, bell)
    bell.score = lambda: scoring.score_batch(app.state.database, word_scorer(), settings)
    yield app
    app.state.database.engine.dispose()


@pytest.fixture
def database(app: FastAPI) -> Database:
    found: Database = app.state.database
    return found


@pytest.fixture
def site(database: Database) -> Site:
    with database.transaction() as session:
        return sites.create(session, "Treaty blog", Policy(rejected_words=["casino"]))


@pytest.fixture
def issue(database: Database, site: Site) -> Callable[..., str]:
    def issue(held_as_spam: HeldAsSpam = HeldAsSpam.NONE) -> str:
        with database.transaction() as session:
            return akismet_keys.issue(session, site, blog=BLOG, held_as_spam=held_as_spam)

    return issue


@pytest.fixture
def key(issue: Callable[..., str]) -> str:
    return issue()


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Whoever comes, without a key."""
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def check(client: TestClient, key: str) -> Callable[..., Response]:
    """A comment-check with the site's key, with these fields beside those that every client sends."""

    def check(text: str = "Thank you, that explains the treaty well.", **fields: Any) -> Response:
        sent = {"api_key": key, "blog": BLOG, "user_ip": "203.0.113.7", "comment_content": text, **fields}
        return client.post("/1.1/comment-check", data=sent)

    return check
