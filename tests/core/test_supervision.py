"""A program that cannot run is given up at once; one that only cannot run now is started again later."""

import sys
from datetime import timedelta
from pathlib import Path

from tests.servers.processes import Process
from tests.servers.waiting import eventually

SOON = timedelta(seconds=60)

# Says "yes" to the first start alone, as a watchdog does whose broker turns read-only.
REFUSED_AFTER_THE_FIRST_START = """
import sys
from service.core.supervision import Program, keep_running
answers = iter([True])
sys.exit(keep_running(Program(["no_such_program"]), may_start=lambda: next(answers, False)))
"""


def test_a_program_that_fails_at_once_is_given_up_with_its_exit_code(tmp_path: Path) -> None:
    supervisor = Process([sys.executable, "-m", "service.core.supervision", "no_such_program"], log=tmp_path / "log")

    supervisor.start()

    assert supervisor.wait(SOON) == 1


def test_a_program_that_fails_where_it_may_not_start_is_not_given_up(tmp_path: Path) -> None:
    supervisor = Process([sys.executable, "-c", REFUSED_AFTER_THE_FIRST_START], log=tmp_path / "log")

    supervisor.start()

    eventually(lambda: "supervisor.restarts" in supervisor.tail, within=SOON, context=lambda: supervisor.tail)
    assert supervisor.terminate(within=SOON) == 0
