"""The settings: from the environment or a file, and refused when they make no sense."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.core.settings import Settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_any_setting_gatepost_runs_embedded_on_sqlite() -> None:
    settings = Settings()

    assert settings.embedded
    assert settings.database_url.startswith("sqlite:///")
    assert not settings.webhook_allow_private


def test_a_broker_makes_it_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_REDIS_URL", "redis://127.0.0.1:6379/0")

    assert not Settings().embedded


@pytest.mark.parametrize(
    ("value", "duration"),
    [("30", timedelta(seconds=30)), ("0.5", timedelta(seconds=0.5)), ("PT2M", timedelta(minutes=2))],
)
def test_a_duration_is_given_in_seconds_or_as_iso_8601(
    monkeypatch: pytest.MonkeyPatch, value: str, duration: timedelta
) -> None:
    monkeypatch.setenv("GATEPOST_SCORE_LEASE", value)

    assert Settings().score_lease == duration


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCORE_BATCH", "0"),
        ("SCORE_ATTEMPTS", "0"),
        ("DELIVER_BATCH", "many"),
        ("SCORE_LEASE", "a while"),
        ("ENGINE", "oracle"),
        ("LOG_LEVEL", "LOUD"),
        ("WEBHOOK_ALLOW_PRIVATE", "perhaps"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"GATEPOST_{name}", value)

    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_the_environment_overrules_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.joinpath(".env").write_text("GATEPOST_SCORE_BATCH=8\nGATEPOST_DELIVER_BATCH=9\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("GATEPOST_SCORE_BATCH", "16")

    settings = Settings()

    assert (settings.score_batch, settings.deliver_batch) == (16, 9)


def test_the_brokers_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_REDIS_URL", "redis://:canary-password@127.0.0.1:6379/0")

    assert "canary-password" not in repr(Settings())


def test_settings_do_not_change_while_gatepost_runs() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().score_batch = 1  # type: ignore[misc]


def test_every_setting_says_what_it_is_for_or_names_its_choices() -> None:
    silent = {name for name, field in Settings.model_fields.items() if not field.description}

    assert silent <= {"log_level", "log_format"}
