"""A receiver that misbehaves costs an attempt its deadline at most, a little memory and four kilobytes of text."""

import asyncio
import json
import subprocess
import sys
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from tests.servers import hostile
from tests.servers.processes import ROOT
from tests.workers.outbound.courier_process import WITHIN
from workers import outbound

pytestmark = pytest.mark.alone

ALL = hostile.SILENT | hostile.BROKEN | hostile.TALKATIVE | hostile.TLS
LATE = timedelta(seconds=5)  # of a busy machine; what drips takes fifty


@cache
def _seen() -> dict[str, dict[str, Any]]:
    """What each receiver cost a process that posted to one after another."""
    with ExitStack() as stack:
        urls = {
            name: f"http{'s' * (name in hostile.TLS)}://127.0.0.1:{stack.enter_context(hostile.serving(behave))}/hook"
            for name, behave in ALL.items()
        }
        command = [sys.executable, "-W", "error", "-m", "tests.workers.outbound.courier_process", json.dumps(urls)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return {line["name"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("name", hostile.SILENT)
def test_who_never_answers_is_given_up_at_the_deadline(name: str) -> None:
    assert _seen()[name]["ended"] == "SilentError"
    assert WITHIN.total_seconds() * 0.9 <= _seen()[name]["seconds"] < (WITHIN + LATE).total_seconds()


@pytest.mark.parametrize("name", [*hostile.BROKEN, *hostile.TLS])
def test_what_is_no_answer_is_an_outbound_error(name: str) -> None:
    assert _seen()[name]["ended"] in {"OutboundError", "SilentError"}
    assert _seen()[name]["seconds"] < (WITHIN + LATE).total_seconds()
    assert 0 < _seen()[name]["length"] <= 1000


@pytest.mark.parametrize("name", hostile.TALKATIVE)
def test_of_a_talkative_answer_the_beginning_is_kept(name: str) -> None:
    assert _seen()[name]["ended"] == "Answer"
    assert _seen()[name]["length"] <= 4000
    assert _seen()[name]["seconds"] < (WITHIN + LATE).total_seconds()


@pytest.mark.parametrize("name", ALL)
def test_no_receiver_takes_memory(name: str) -> None:
    assert _seen()[name]["kilobytes"] < 20 * 1024


def test_a_body_that_nobody_reads_ends_at_the_deadline() -> None:
    with hostile.serving(hostile.stay_silent) as port, pytest.raises(outbound.SilentError):
        _post(port, b"x" * 1_000_000)


def test_an_answer_before_the_body_was_read_counts() -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"
    with hostile.serving(lambda peer: peer.say(refusal)) as port:
        assert _post(port, b"x" * 1_000_000) == outbound.Answer(413, "no", None)


def _post(port: int, body: bytes) -> outbound.Answer:
    async def post() -> outbound.Answer:
        async with outbound.Client(allow_private=True) as client:
            return await client.post(f"http://127.0.0.1:{port}/", body, {}, within=timedelta(seconds=1))

    return asyncio.run(post())
