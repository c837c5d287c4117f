"""The doors of other services' clients, on each kind of database, with a scorer at work behind them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlmodel import col, select

from service.core.models import Comment, Scope
from service.core.queue import LocalBell, Topic
from service.core.settings import Settings
from service.main import build_app
from tests.engines import word_scorer
from tests.secret_keys import SECRET_KEYS
from workers import scoring
from workers.judgement import Scorer

# The machine of a test may be slow; what happens when nobody scores, has tests of its own.
LONG = timedelta(seconds=60)


@pytest.fixture
def settings(migrated_url: str) -> Settings:
    return Settings(
        database_url=migrated_url,
        database_timeout=LONG,
        answer_within=LONG,
        secret_keys=SecretStr(SECRET_KEYS),
        public_url="https://gatepost.example",
        _env_file=None,
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[FastAPI]:
    app = build_app(settings, LocalBell())
    yield app
    # It may be looking just now.
    app.state.waiting._thread.shutdown()
    app.state.database.engine.dispose()


@pytest.fixture
def impatient(app: FastAPI) -> FastAPI:
    """The same, where nobody waits for long."""
    app.state.waiting._seconds = 0.05
    return app


@pytest.fixture
def key(issue_key: Callable[[Scope], str]) -> str:
    return issue_key(Scope.SUBMIT)


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    """Any client: without a key of its own."""
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture
def work(app: FastAPI, settings: Settings) -> Iterator[None]:
    """A scorer that is at work as long as the test."""
    with at_work(app, settings, word_scorer()):
        yield


@contextmanager
def at_work(app: FastAPI, settings: Settings, scorer: Scorer) -> Iterator[None]:
    stopping = threading.Event()
    bell = app.state.database.bell

    def run() -> None:
        while not stopping.is_set():
            if not scoring.score_batch(app.state.database, scorer, settings):
                bell.wait(Topic.SCORE, 1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        bell.ring(Topic.SCORE)
        thread.join()


@pytest.fixture
def stored(app: FastAPI) -> Callable[[], Sequence[Comment]]:
    def stored() -> Sequence[Comment]:
        with app.state.database.reading() as session:
            return list(session.exec(select(Comment).order_by(col(Comment.id))))

    return stored
