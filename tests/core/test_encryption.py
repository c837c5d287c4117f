"""Secrets at rest: which keys read them, and where the keys are."""

import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from service.core import encryption, errors
from service.core.encryption import Keyring
from service.core.settings import Settings

OLD, NEW, WRONG = (encryption.new_key() for _ in range(3))
SECRET = "whsk_canary"


def _settings(folder: Path, **values: object) -> Settings:
    return Settings(database_url=f"sqlite:///{folder / 'gatepost.db'}", _env_file=None, **values)  # type: ignore[arg-type]


def test_what_is_encrypted_reads_back_and_shows_nothing() -> None:
    token = Keyring(NEW).encrypt(SECRET)

    assert Keyring(NEW).decrypt(token) == SECRET
    assert "canary" not in token
    assert len(token) <= 500


@pytest.mark.parametrize("keys", [f"{NEW} {OLD}", f"{NEW},{OLD}", f" {NEW},\n{OLD}\n"], ids=["space", "comma", "lines"])
def test_every_key_reads_and_the_first_writes(keys: str) -> None:
    both = Keyring(keys)

    assert both.decrypt(Keyring(OLD).encrypt(SECRET)) == SECRET
    assert Keyring(NEW).decrypt(both.encrypt(SECRET)) == SECRET


def test_a_wrong_key_is_told_without_the_secret() -> None:
    token = Keyring(OLD).encrypt(SECRET)

    with pytest.raises(errors.WrongSecretKeysError, match="GATEPOST_SECRET_KEYS") as refused:
        Keyring(WRONG).decrypt(token)

    assert token not in str(refused.value)


@pytest.mark.parametrize("keys", ["", " ,\n"])
def test_without_a_key_nothing_is_kept(keys: str) -> None:
    with pytest.raises(errors.MissingSecretKeysError, match="gatepost secrets new"):
        Keyring(keys).encrypt(SECRET)


@pytest.mark.parametrize("keys", ["short", f"{NEW} short", "ü" * 44], ids=["short", "one good", "not ASCII"])
def test_what_is_no_key_is_refused(keys: str) -> None:
    with pytest.raises(errors.InvalidSecretKeysError):
        Keyring(keys).check()


def test_a_secret_from_before_encryption_is_read_as_it_is() -> None:
    assert Keyring(NEW).decrypt("whsec_plain") == "whsec_plain"


def test_one_process_keeps_its_key_beside_the_database_for_its_user_alone(tmp_path: Path) -> None:
    token = encryption.keyring(_settings(tmp_path)).encrypt(SECRET)

    file = tmp_path / "gatepost.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert encryption.keyring(_settings(tmp_path)).decrypt(token) == SECRET


def test_the_key_is_made_when_a_secret_is_to_be_kept_and_not_before(tmp_path: Path) -> None:
    keyring = encryption.keyring(_settings(tmp_path))
    keyring.check()

    with pytest.raises(errors.MissingSecretKeysError):
        keyring.decrypt(Keyring(OLD).encrypt(SECRET))

    assert list(tmp_path.iterdir()) == []


def test_a_rotated_file_is_read_without_a_restart(tmp_path: Path) -> None:
    running, command = (encryption.keyring(_settings(tmp_path)) for _ in range(2))
    old = running.encrypt(SECRET)

    command.put_first(NEW)
    read = running.decrypt(old)
    written = running.encrypt(SECRET)
    command.keep_first()

    assert read == SECRET
    assert Keyring(NEW).decrypt(written) == running.decrypt(written) == SECRET
    with pytest.raises(errors.WrongSecretKeysError):
        running.decrypt(old)
    assert stat.S_IMODE((tmp_path / "gatepost.key").stat().st_mode) == 0o600


def test_the_setting_counts_before_the_file(tmp_path: Path) -> None:
    token = encryption.keyring(_settings(tmp_path, secret_keys=SecretStr(NEW))).encrypt(SECRET)

    assert Keyring(NEW).decrypt(token) == SECRET
    assert list(tmp_path.iterdir()) == []


def test_a_server_does_not_start_without_the_setting(tmp_path: Path) -> None:
    server = _settings(tmp_path, redis_url=SecretStr("redis://127.0.0.1:1/0"))

    with pytest.raises(errors.MissingSecretKeysError):
        encryption.keyring(server)
