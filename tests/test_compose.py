"""docker-compose.yml is what the Compose Specification allows, and what a deployment needs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.core.settings import Settings

FILE = Path(__file__).parents[1] / "docker-compose.yml"
SECRET = re.compile("password|secret|token|key", re.IGNORECASE)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="module")
def gatepost(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that run Gatepost."""
    return {name: service for name, service in compose["services"].items() if "build" in service}


def test_it_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]

    checked = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_process_of_gatepost_is_there(gatepost: dict[str, dict[str, Any]]) -> None:
    commands = [" ".join(service["command"][:2]) for service in gatepost.values()]

    assert sorted(command.partition(" --")[0] for command in commands) == [
        "migrate",
        "sweeper",
        "web",
        "worker deliver",
        "worker score",
    ]


def test_all_of_them_share_one_image_and_one_set_of_settings(gatepost: dict[str, dict[str, Any]]) -> None:
    first, *others = gatepost.values()

    for service in others:
        for part in ("image", "build", "environment", "read_only", "cap_drop", "security_opt"):
            assert service[part] == first[part]


def test_every_setting_is_one_that_gatepost_knows(gatepost: dict[str, dict[str, Any]]) -> None:
    known = {f"GATEPOST_{name.upper()}" for name in Settings.model_fields}

    assert all(service["environment"].keys() <= known for service in gatepost.values())


def test_everything_waits_for_the_migration_and_that_for_the_database(gatepost: dict[str, dict[str, Any]]) -> None:
    migrate = gatepost["migrate"]

    assert migrate["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for service in gatepost.values():
        if service is not migrate:
            assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_what_others_wait_for_tells_its_health(compose: dict[str, Any]) -> None:
    services = compose["services"]
    awaited = {
        name
        for service in services.values()
        for name, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }

    assert awaited == {"postgres", "redis"}
    for name in (*awaited, "web"):
        assert services[name]["healthcheck"]["test"], name


def test_what_may_end_starts_again_but_for_the_migration(compose: dict[str, Any]) -> None:
    restarts = {name: service["restart"] for name, service in compose["services"].items()}

    assert restarts.pop("migrate") == "no"
    assert set(restarts.values()) == {"unless-stopped"}


def test_only_the_web_is_reached_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["web"]


def test_no_secret_has_a_literal_value_or_a_default(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", value), (name, variable)
            for password in re.findall(r"://\w+:(.*)@", value or ""):
                assert re.fullmatch(r"\$\{\w+:\?[^}]+\}", password), (name, variable)
