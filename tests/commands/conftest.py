"""`gatepost` on a migrated database of each kind, and a client and a session that see what it did."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner, Result

from service import cli
from service.core.db import Database, create_engine
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app

Run = Callable[..., Result]


@pytest.fixture
def run(migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `gatepost` with these arguments on a migrated database, away from any `.env`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEPOST_DATABASE_URL", migrated_url)
    monkeypatch.delenv("GATEPOST_REDIS_URL", raising=False)
    # Wide, so that no message is wrapped.
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments, **options: CliRunner().invoke(cli.app, arguments, **options)


@pytest.fixture
def client(run: Run, migrated_url: str) -> Iterator[TestClient]:
    app = build_app(Settings(database_url=migrated_url), SilentBell())
    yield TestClient(app)
    app.state.database.engine.dispose()


@pytest.fixture
def database(run: Run, migrated_url: str) -> Iterator[Database]:
    database = Database(create_engine(migrated_url), SilentBell())
    yield database
    database.engine.dispose()
