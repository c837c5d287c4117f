"""What every test may ask for: real servers, fresh databases; and what none may do: leave the machine, skip in CI."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from service import migrations
from service.core import keys, sites
from service.core.db import Database, create_engine
from service.core.models import Scope, Site
from service.core.queue import LocalBell
from tests.secret_keys import KEYRING
from tests.servers import loopback
from tests.servers.postgresql import OwnPostgreSQL, PostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.redis import OwnRedis, Redis

loopback.guard()


@pytest.fixture(autouse=True)
def stays_on_loopback() -> Iterator[None]:
    """Fail a test that tried to leave the machine, even if the code under test has swallowed the refusal."""
    loopback.refused.clear()
    loopback.attempts.clear()
    yield
    assert not loopback.refused


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """The server that the tests share; leave it running."""
    if url := os.environ.get("GATEPOST_TEST_POSTGRESQL"):
        yield PostgreSQL(url)
        return
    server = OwnPostgreSQL(durable=False)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """The server that the tests share; leave it running. `redis_url` is flushed for each test."""
    if url := os.environ.get("GATEPOST_TEST_REDIS"):
        # Each process of tests flushes a database of its own.
        number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield Redis(urlsplit(url)._replace(path=f"/{number}").geturl())
        return
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_postgresql() -> Iterator[OwnPostgreSQL]:
    """A running, durable server of this test's own, to kill and to freeze."""
    server = OwnPostgreSQL()
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """A running server of this test's own, to kill and to freeze."""
    server = OwnRedis(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def redis_url(redis_server: Redis) -> str:
    redis_server.flushdb()
    return redis_server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh, empty database of each kind that Gatepost runs on."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'gatepost.db'}"
        return
    # Asked for only here: the tests on SQLite start no server.
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "gatepost.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: PostgreSQL) -> str:
    url = postgresql_server.create_database()
    migrations.upgrade(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind with our tables, copied from one that was migrated once."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "gatepost.db")
        yield f"sqlite:///{tmp_path / 'gatepost.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql_server")
    url = server.create_database(template=request.getfixturevalue("migrated_postgresql"))
    yield url
    server.drop_database(url)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """Our tables, empty, on each kind of database. Its bell is `LocalBell`."""
    database = Database(create_engine(migrated_url), LocalBell(), keyring=KEYRING)
    yield database
    database.engine.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A running receiver without a secret; set `receiver.secret` to have signatures verified."""
    server = Receiver()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def site(app: FastAPI) -> Site:
    """At the app that the tests of a folder have."""
    with app.state.database.transaction() as session:
        return sites.create(session, "Treaty blog")


@pytest.fixture
def issue_key(app: FastAPI, site: Site) -> Callable[[Scope], str]:
    def issue(scope: Scope) -> str:
        with app.state.database.transaction() as session:
            return keys.issue(session, site.id, scope)

    return issue


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: it hides a promise that nobody checked."""
    if _skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := _skipped(config):
        terminalreporter.write_line(f"{count} skipped, and GATEPOST_NO_SKIPS refuses that", red=True)


def _skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("GATEPOST_NO_SKIPS"):
        return 0
    return len(reporter.stats.get("skipped", []))
