"""`gatepost akismet`."""

import json
from pathlib import Path

import pytest
from sqlmodel import select

from service.core import akismet_keys, encryption, errors
from service.core.db import Database
from service.core.encryption import Keyring
from service.core.models import AkismetKey, HeldAsSpam
from tests.commands.conftest import Run

BLOG = "https://blog.example.org"
OLD, NEW = encryption.new_key(), encryption.new_key()


@pytest.fixture
def key(run: Run, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("GATEPOST_SECRET_KEYS", OLD)
    run("site", "create", "Treaty blog")
    return run("akismet", "key", "Treaty blog", "--blog", f"{BLOG}/about").stdout.strip()


def _opens(database: Database, keys: str, key: str) -> bool:
    with Database(database.engine, database.bell, keyring=Keyring(keys)).reading() as session:
        try:
            return akismet_keys.find(session, [key]) is not None
        except errors.WrongSecretKeysError:
            return False


def _row(database: Database) -> AkismetKey:
    with database.reading() as session:
        return session.exec(select(AkismetKey)).one()


def test_a_key_has_twelve_characters_and_opens_its_site(run: Run, database: Database, key: str) -> None:
    assert akismet_keys.has_form(key)
    assert _opens(database, OLD, key)
    assert _row(database).blog == BLOG


def test_a_blog_that_must_not_be_called_is_refused(run: Run, key: str) -> None:
    done = run("akismet", "key", "Treaty blog", "--blog", "http://127.0.0.1/")

    assert isinstance(done.exception, errors.InvalidWebhookUrlError)


def test_the_list_shows_options_and_no_key(run: Run, database: Database, key: str) -> None:
    shown = run("akismet", "list", "Treaty blog").stdout

    assert _row(database).key_id in shown
    assert BLOG in shown
    assert "live" in shown
    assert key not in shown


def test_a_revoked_key_opens_nothing_and_says_so(run: Run, database: Database, key: str) -> None:
    run("key", "revoke", _row(database).key_id)

    assert not _opens(database, OLD, key)
    assert "revoked" in run("akismet", "list", "Treaty blog").stdout


def test_options_change_one_by_one(run: Run, database: Database, key: str) -> None:
    run("akismet", "set", _row(database).key_id, "--held-as-spam", "all")

    row = _row(database)
    assert (row.held_as_spam, row.blog) == (HeldAsSpam.ALL, BLOG)


def test_after_a_rotation_of_the_keyring_the_old_one_can_go(
    run: Run, database: Database, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPOST_SECRET_KEYS", f"{NEW} {OLD}")

    assert run("secrets", "rotate").exit_code == 0

    assert [_opens(database, keys, key) for keys in (OLD, NEW)] == [False, True]


def test_nothing_starts_with_a_keyring_that_does_not_read_them(
    run: Run, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPOST_SECRET_KEYS", NEW)

    assert isinstance(run("sweeper").exception, errors.WrongSecretKeysError)


@pytest.mark.parametrize(
    ("option", "value", "swallows"),
    [
        ("comment_moderation", "1", True),
        ("comment_previously_approved", "1", True),
        ("comment_whitelist", "1", True),
        ("comment_max_links", "2", True),
        ("moderation_keys", "casino", True),
        ("disallowed_keys", "casino", False),
        ("akismet_strictness", "1", False),
    ],
)
def test_the_self_test_names_what_stands_in_the_way(
    run: Run, tmp_path: Path, option: str, value: str, *, swallows: bool
) -> None:
    file = tmp_path / "options.json"
    rows = [{"option_name": "blogname", "option_value": "Treaty"}, {"option_name": option, "option_value": value}]
    file.write_text(json.dumps(rows))

    done = run("akismet", "check", str(file))

    assert option in done.stdout
    assert done.stdout.startswith("SWALLOWS" if swallows else "note")
    assert done.exit_code == int(swallows)


def test_the_self_test_is_content_with_what_is_off(run: Run) -> None:
    options = {"blogname": "Treaty", "comment_moderation": "0", "comment_max_links": "", "moderation_keys": None}

    done = run("akismet", "check", "-", input=json.dumps(options))

    assert (done.exit_code, done.stdout) == (0, "")


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1]", '[{"option_name": "blogname"}]', "nonsense"])
def test_what_is_no_list_of_options_is_refused(run: Run, text: str) -> None:
    assert run("akismet", "check", "-", input=text).exit_code == 2
