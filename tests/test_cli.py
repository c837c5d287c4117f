"""The commands teach, and what they set up works."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from typer.main import get_command
from typer.testing import CliRunner, Result

from service import cli
from service.core import moderators
from service.core.db import Database, create_engine
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app
from tests.servers import ports

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


def _commands(command: Any, words: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """The command and all inside it, by the words that one types for them."""
    found = {words: command}
    for name, inside in getattr(command, "commands", {}).items():
        found |= _commands(inside, (*words, name))
    return found


COMMANDS = _commands(get_command(cli.app))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_a_sentence_for_each_argument(words: tuple[str, ...]) -> None:
    # In a process of its own: a command that becomes another program would end the tests.
    shown = subprocess.run([sys.executable, "-m", "service.cli", *words, "--help"], capture_output=True, check=False)

    assert shown.returncode == 0
    assert COMMANDS[words].help
    assert all(parameter.help for parameter in COMMANDS[words].params)


def test_a_new_site_s_key_works(run: Run, client: TestClient) -> None:
    created = run("site", "create", "Treaty blog")

    answer = client.get("/v1/site", headers={"authorization": f"Bearer {created.stdout.strip()}"})
    assert created.exit_code == 0
    assert answer.json()["name"] == "Treaty blog"


def test_another_key_has_the_scope_it_was_made_for(run: Run, client: TestClient) -> None:
    run("site", "create", "Treaty blog")

    key = run("key", "create", "Treaty blog", "--scope", "read").stdout.strip()

    headers = {"authorization": f"Bearer {key}"}
    statuses = [
        client.get("/v1/site", headers=headers).status_code,
        client.post("/v1/comments", json={"text": "x"}, headers=headers).status_code,
    ]
    assert statuses == [200, 403]


def test_a_key_for_an_unknown_site_is_answered_with_the_sites_there_are(run: Run) -> None:
    run("site", "create", "Treaty blog")
    run("site", "create", "Another blog")

    refused = run("key", "create", "Traety blog")

    assert refused.exit_code != 0
    assert "There is no site “Traety blog”. There are: Another blog, Treaty blog." in refused.stderr


def test_a_key_without_any_site_is_answered_with_the_command_that_makes_one(run: Run) -> None:
    assert "`gatepost site create NAME`" in run("key", "create", "Treaty blog").stderr


def test_a_new_moderator_can_log_in(run: Run, database: Database) -> None:
    run("site", "create", "Treaty blog")

    created = run(
        "moderator",
        "create",
        "Mo@example.org",
        "--site",
        "Treaty blog",
        input="Mo\na long password\na long password\n",
    )

    with database.transaction() as session:
        moderator = moderators.find(session, "mo@example.org")
    assert created.exit_code == 0
    assert "Mo can log in at" in created.stderr
    assert moderators.may_enter(moderator, "a long password")
    assert not moderators.may_enter(moderator, "a wrong password")


def test_a_moderator_of_an_unknown_site_is_not_created(run: Run, database: Database) -> None:
    options = ("--site", "Nowhere", "--name", "Mo", "--password", "a long password")

    refused = run("moderator", "create", "mo@example.org", *options)

    with database.transaction() as session:
        assert moderators.find(session, "mo@example.org") is None
    assert refused.exit_code != 0


def test_a_revoked_key_opens_nothing(run: Run, client: TestClient) -> None:
    key = run("site", "create", "Treaty blog").stdout.strip()

    done = run("key", "revoke", key.split("_")[1])

    assert done.exit_code == 0
    assert client.get("/v1/site", headers={"authorization": f"Bearer {key}"}).status_code == 401


def test_a_disabled_moderator_stays_out(run: Run, database: Database) -> None:
    run("site", "create", "Treaty blog")
    run(
        "moderator",
        "create",
        "mo@example.org",
        "--site",
        "Treaty blog",
        "--name",
        "Mo",
        "--password",
        "a long password",
    )

    done = run("moderator", "disable", "Mo@example.org")

    with database.reading() as session:
        moderator = moderators.find(session, "mo@example.org")
    assert done.exit_code == 0
    assert not moderators.may_enter(moderator, "a long password")


def test_two_sites_cannot_have_one_name(run: Run) -> None:
    run("site", "create", "Treaty blog")

    refused = run("site", "create", "Treaty blog")

    assert "There is a site “Treaty blog” already." in str(refused.exception)


def test_a_web_process_without_a_broker_says_what_to_do(run: Run) -> None:
    refused = run("web", "--port", "0")

    assert refused.exit_code != 0
    assert "set GATEPOST_REDIS_URL, or run `gatepost up`" in refused.output + str(refused.exception)


def _gatepost(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_setting_that_does_not_fit_is_named_without_a_traceback() -> None:
    done = _gatepost("migrate", GATEPOST_SCORE_BATCH="many")

    assert done.returncode == 1
    assert done.stderr.startswith("GATEPOST_SCORE_BATCH: Input should be a valid integer")
    assert "Traceback" not in done.stderr


def test_a_database_that_does_not_answer_is_told_without_a_traceback_or_its_password() -> None:
    url = f"postgresql+psycopg://gatepost:s3cret@127.0.0.1:{ports.find_free()}/gatepost"

    done = _gatepost("migrate", GATEPOST_DATABASE_URL=url)

    assert done.returncode == 1
    assert done.stderr.startswith("The database does not answer:")
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stderr


def test_a_port_that_is_taken_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = _gatepost("up", "--port", port, GATEPOST_DATABASE_URL=f"sqlite:///{tmp_path / 'never.db'}")

    assert done.returncode == 2
    assert "choose another" in done.stderr
    assert not (tmp_path / "never.db").exists()
