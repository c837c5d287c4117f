"""Who brings in whom, asked of a fresh interpreter (`lint-imports` asks the source)."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODELS = {"numpy", "torch", "transformers", "detoxify", "onnxruntime", "sklearn", "scipy"}
WEB = {"fastapi", "starlette", "uvicorn"}
DATABASE = {"sqlalchemy", "sqlmodel", "psycopg", "sqlite3", "service.core.db", "service.core.models"}
SETTINGS = {"pydantic_settings", "service.core.settings"}


def _loaded_by(imports: Iterable[str]) -> set[str]:
    """What an interpreter holds once it has imported these modules: every module, and the packages they are in."""
    code = f"import sys, {', '.join(imports)}; print(*sys.modules, sep='\\n')"
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    )
    loaded = set(printed.stdout.split())
    return loaded | {name.partition(".")[0] for name in loaded}


def _modules(package: str) -> list[str]:
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.name != "__init__.py"
    ]


def test_the_web_brings_in_no_model_and_no_worker() -> None:
    loaded = _loaded_by(["service.main", "service.cli"])

    assert "service.api.comments" in loaded
    assert loaded & {*MODELS, "workers"} == set()


def test_the_core_brings_in_no_web_framework() -> None:
    loaded = _loaded_by(_modules("service/core"))

    assert "service.core.comments" in loaded
    assert loaded & {*WEB, *MODELS, "workers", "service.web", "service.api"} == set()


def test_the_workers_bring_in_no_web_framework() -> None:
    loaded = _loaded_by(["workers.scoring", "workers.delivery", "workers.sweeper"])

    assert loaded & {*WEB, "service.web", "service.api"} == set()


@pytest.mark.parametrize("module", ["policy", "signing", "events", "text", "labels", "errors"])
def test_rules_and_shapes_bring_in_neither_database_nor_settings(module: str) -> None:
    loaded = _loaded_by([f"service.core.{module}"])

    assert loaded & {*DATABASE, *SETTINGS, *WEB, "celery"} == set()


def test_the_import_contracts_are_kept() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert checked.returncode == 0, checked.stdout
    assert "0 broken" in checked.stdout
