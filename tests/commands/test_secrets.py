"""`gatepost secrets`, and what starts only with the right keys."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import select

from service.core import encryption, errors, kept_secrets, moderators, second_factors, signing_keys, webhooks
from service.core.db import Database
from service.core.encryption import Keyring
from service.core.models import Endpoint, SigningKey, Site
from tests.commands.conftest import Run

OLD, NEW = encryption.new_key(), encryption.new_key()


@pytest.fixture
def endpoint(run: Run, database: Database, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    """Its secret is encrypted with the old key."""
    monkeypatch.setenv("GATEPOST_SECRET_KEYS", OLD)
    run("site", "create", "Treaty blog")
    with _with(database, OLD).transaction() as session:
        site_id: UUID = session.exec(select(Site.id)).one()
        return webhooks.create(session, site_id, "https://blog.example.org/", allow_private=False)


def _with(database: Database, keys: str) -> Database:
    return Database(database.engine, database.bell, keyring=Keyring(keys))


def _reads(database: Database, keys: str, endpoint: Endpoint) -> bool:
    with _with(database, keys).reading() as session:
        try:
            return (signing_keys.shared_secret(session, endpoint) or "").startswith("whsec_")
        except errors.WrongSecretKeysError:
            return False


def test_a_new_key_is_a_key_and_another_each_time(run: Run) -> None:
    keys = [run("secrets", "new").stdout.strip() for _ in range(2)]

    Keyring(" ".join(keys)).check()
    assert len(set(keys)) == 2


def test_after_a_rotation_the_old_key_can_go(
    run: Run, database: Database, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPOST_SECRET_KEYS", f"{NEW} {OLD}")

    assert run("secrets", "rotate").exit_code == 0

    assert [_reads(database, keys, endpoint) for keys in (OLD, NEW)] == [False, True]


def test_a_rotation_takes_second_factors_along(
    run: Run, database: Database, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _with(database, OLD).transaction() as session:
        moderator = moderators.create(session, "mo@example.org", "Mo", "a long password")
        second_factors.begin(session, moderator.id)
    monkeypatch.setenv("GATEPOST_SECRET_KEYS", f"{NEW} {OLD}")

    assert run("secrets", "rotate").exit_code == 0

    with _with(database, NEW).reading() as session:
        kept_secrets.check(session)


@pytest.mark.parametrize(
    "command", [("web", "--port", "0"), ("worker", "deliver"), ("sweeper",), ("migrate",), ("secrets", "rotate")]
)
def test_nothing_starts_with_a_wrong_key(
    run: Run, database: Database, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GATEPOST_SECRET_KEYS", NEW)

    refused = run(*command)

    assert isinstance(refused.exception, errors.WrongSecretKeysError)
    assert _reads(database, OLD, endpoint)


def test_a_server_says_what_it_lacks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEPOST_SECRET_KEYS", raising=False)
    monkeypatch.setenv("GATEPOST_REDIS_URL", "redis://127.0.0.1:1/0")

    refused = run("web", "--port", "0")

    assert isinstance(refused.exception, errors.MissingSecretKeysError)
    assert "`gatepost secrets new`" in str(refused.exception)


def test_a_migration_encrypts_what_an_older_version_left_in_plain(
    run: Run, database: Database, endpoint: Endpoint
) -> None:
    with database.transaction() as session:
        session.execute(update(SigningKey).values(secret="whsec_AAAA"))

    assert run("migrate").exit_code == 0

    with _with(database, OLD).reading() as session:
        assert not session.exec(select(SigningKey.secret)).one().startswith("whsec_")
        assert signing_keys.shared_secret(session, endpoint) == "whsec_AAAA"


def test_a_key_file_is_replaced_by_a_rotation(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEPOST_SECRET_KEYS", raising=False)
    monkeypatch.setenv("GATEPOST_DATABASE_URL", f"sqlite:///{tmp_path / 'own.db'}")
    run("migrate")
    run("site", "create", "Treaty blog")
    file = tmp_path / "own.key"
    keyring = Keyring(file=file)
    token = keyring.encrypt("whsk_secret")
    first = file.read_text()

    rotated = run("secrets", "rotate")

    assert rotated.exit_code == 0
    assert file.read_text() != first
    assert len(file.read_text().split()) == 1
    with pytest.raises(errors.WrongSecretKeysError):
        keyring.decrypt(token)
