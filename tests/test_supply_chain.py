"""What is shipped runs nothing but its own code: no pickle, no eval, no shell; and every package comes by its hash."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
SHIPPED = sorted(path for package in ("service", "workers") for path in (ROOT / package).rglob("*.py"))
UNPICKLERS = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}

LOCKS = {
    "run": ["workers"],
    "test": ["workers", "train", "test"],
    "detoxify": ["workers", "train", "test", "detoxify"],
    "torch": [],
}
# What turns data into code, or hands it to a shell. Not `yaml.safe_load`.
RUNNERS = re.compile(
    r"(?:builtins\.)?(?:eval|exec|compile|__import__)|os\.(?:system|popen)|yaml\.(?:unsafe_|full_)?load(?:_all)?"
)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_shipped_can_unpickle(path: Path) -> None:
    tree = ast.parse(path.read_text())

    assert not _unpicklers(tree)
    assert not [call for call in _calls(tree) if _loads_more_than_weights(call) or _allows_pickle(call)]


@pytest.mark.parametrize(
    "code",
    [
        "from joblib import load",
        "import torch.hub, pickle as p",
        "import pickle; pickle.loads(b'')",
        "import pickle; f = getattr(pickle, 'load')",
    ],
)
def test_an_unpickler_is_found(code: str) -> None:
    assert _unpicklers(ast.parse(code))


def test_catching_a_refused_pickle_is_no_unpickling() -> None:
    assert not _unpicklers(ast.parse("import pickle\ntry: f()\nexcept pickle.UnpicklingError: pass"))


@pytest.mark.parametrize("code", ["torch.load(path)", "torch.load(path, weights_only=False)"])
def test_a_load_of_more_than_weights_is_found(code: str) -> None:
    assert [call for call in _calls(ast.parse(code)) if _loads_more_than_weights(call)]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_shipped_runs_data(path: Path) -> None:
    assert _runs_data(ast.parse(path.read_text())) == []


@pytest.mark.parametrize(
    "code",
    [
        "eval(text)",
        "exec(text)",
        "compile(text, '', 'exec')",
        "__import__(name)",
        "os.system(command)",
        "yaml.load(file)",
        "yaml.unsafe_load(file)",
        "subprocess.run(command, shell=True)",
        "yaml.load(file, Loader=yaml.SafeLoader)",
    ],
)
def test_what_runs_data_is_found(code: str) -> None:
    assert _runs_data(ast.parse(code))


@pytest.mark.parametrize("code", ["yaml.safe_load(file)", "re.compile(text)", "model.eval()"])
def test_what_reads_data_is_not_found(code: str) -> None:
    assert _runs_data(ast.parse(code)) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_one_version_and_hashes(lock: str) -> None:
    for requirement, hashes in _locked(lock):
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement
        assert hashes, requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_no_index(lock: str) -> None:
    assert not re.findall(r".*(?:://|^\s*--(?!hash)|^-).*", _text(lock), re.MULTILINE)


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items())
def test_a_lock_meets_what_the_project_asks_for(lock: str, extras: list[str]) -> None:
    """When this fails, pyproject.toml has moved on: `make lock`."""
    locked = {canonicalize_name(requirement.name): requirement for requirement, _ in _locked(lock)}
    if lock == "torch":
        assert set(locked) == {"torch"}
        return
    for wanted in _wanted(extras):
        (pin,) = locked[canonicalize_name(wanted.name)].specifier
        assert wanted.specifier.contains(Version(pin.version)), wanted


def test_the_locks_agree_on_every_version_that_they_share() -> None:
    pins = [{str(requirement) for requirement, _ in _locked(lock)} for lock in ("run", "test", "detoxify")]

    assert pins[0] < pins[1] < pins[2]


def test_no_lock_brings_cuda() -> None:
    names = {requirement.name for lock in LOCKS for requirement, _ in _locked(lock)}

    assert not [name for name in names if name.startswith(("nvidia", "cuda")) or name == "triton"]


def _unpicklers(tree: ast.AST) -> set[str]:
    """The imported modules that unpickle; naming the error of a refused pickle alone is harmless."""
    found = {name.partition(".")[0] for name in _imports(tree)} & UNPICKLERS
    uses = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    bare = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "pickle"]
    return found - ({"pickle"} if uses.count("pickle.UnpicklingError") == len(bare) > 0 else set())


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _runs_data(tree: ast.AST) -> list[str]:
    calls = _calls(tree)
    return [ast.unparse(call) for call in calls if RUNNERS.fullmatch(ast.unparse(call.func)) or _uses_shell(call)]


def _uses_shell(call: ast.Call) -> bool:
    return any(keyword.arg == "shell" and ast.unparse(keyword.value) != "False" for keyword in call.keywords)


def _loads_more_than_weights(call: ast.Call) -> bool:
    only = [keyword for keyword in call.keywords if keyword.arg == "weights_only"]
    return ast.unparse(call.func) == "torch.load" and [ast.unparse(keyword.value) for keyword in only] != ["True"]


def _allows_pickle(call: ast.Call) -> bool:
    return any(keyword.arg == "allow_pickle" and ast.unparse(keyword.value) != "False" for keyword in call.keywords)


def _text(lock: str) -> str:
    return (ROOT / "requirements" / f"{lock}.txt").read_text()


def _locked(lock: str) -> Iterator[tuple[Requirement, list[str]]]:
    lines = [line for line in _text(lock).splitlines() if line and not line.lstrip().startswith("#")]
    for entry in re.split(r"(?<!\\)\n", "\n".join(lines)):
        requirement, *hashes = re.split(r"\s*\\\n\s*", entry)
        yield Requirement(requirement), [value for value in hashes if value.startswith("--hash=sha256:")]


def _wanted(extras: list[str]) -> Iterator[Requirement]:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = configuration["project"]
    optional = [line for extra in extras for line in project["optional-dependencies"][extra]]
    for line in [*configuration["build-system"]["requires"], *project["dependencies"], *optional]:
        yield Requirement(line)
