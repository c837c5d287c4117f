"""The commands teach, and what they set up works."""

import functools
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from service import cli
from tests.servers import ports


def _commands(command: Any, words: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """The command and all inside it, by the words that one types for them."""
    found = {words: command}
    if isinstance(command, TyperGroup):
        context = typer.Context(command)
        for name in command.list_commands(context):
            found |= _commands(command.get_command(context, name), (*words, name))
    return found


COMMANDS = _commands(get_command(cli.app))


# Each in a process of its own, as one that becomes another program would end the tests; all import Gatepost but once.
ASK_FOR_HELP = """
import contextlib, json, os, sys
from service import cli

with contextlib.suppress(SystemExit):
    cli.app(["--help"])  # What it imports as well.
statuses = []
for words in json.load(sys.stdin):
    if not (child := os.fork()):
        sys.argv = ["gatepost", *words, "--help"]
        sys.exit(cli.main())
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(statuses))
"""


@functools.cache
def _statuses_of_help() -> dict[tuple[str, ...], int]:
    """How `gatepost WORDS --help` ended, by the words."""
    command = [sys.executable, "-c", ASK_FOR_HELP]
    done = subprocess.run(command, input=json.dumps(list(COMMANDS)), text=True, capture_output=True, check=True)
    return dict(zip(COMMANDS, json.loads(done.stdout.splitlines()[-1]), strict=True))


# The first to come here waits for all of them: on a machine that is busy for minutes.
@pytest.mark.timeout(600)
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_a_sentence_for_each_argument(words: tuple[str, ...]) -> None:
    assert _statuses_of_help()[words] == 0
    assert COMMANDS[words].help
    assert all(parameter.help for parameter in COMMANDS[words].params)


def _gatepost(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.cli", *arguments]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_web_process_without_a_broker_says_what_to_do(tmp_path: Path) -> None:
    refused = _gatepost("web", "--port", "0", GATEPOST_DATABASE_URL=f"sqlite:///{tmp_path / 'empty.db'}")

    assert refused.returncode != 0
    assert "set GATEPOST_REDIS_URL, or run `gatepost up`" in refused.stderr


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
