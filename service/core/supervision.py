"""Keeps a program running: starts it again when it ends or is not well, and ends it within ten seconds when told to.

The program is a Python module. What may hang or be killed runs in it; this process does nothing that could.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import structlog

from service.core import logs
from service.core.settings import Settings

log = structlog.get_logger()

_TICK_SECONDS = 0.2
# Long enough for most steps; the rows of one that is cut come due again.
_GRACE_SECONDS = 8
# A program that fails as soon as this for the first time, where it may start, cannot run at all: its settings are
# wrong, its port is taken.
_START_SECONDS = 5
_RESTART_SECONDS = 1
_SUPERVISOR = "GATEPOST_SUPERVISOR"
_PR_SET_PDEATHSIG = 1


class Program:
    """A Python module as a child process, in a process group of its own: what it starts ends with it."""

    def __init__(
        self, module: Sequence[str], environment: Mapping[str, str] | None = None, files: Sequence[int] = ()
    ) -> None:
        """`environment` adds to this process's own; the descriptors `files` stay open in the program."""
        self.name = module[0]
        self._command = [sys.executable, "-m", *module]
        self._environment = {**os.environ, **(environment or {}), _SUPERVISOR: str(os.getpid())}
        self._files = files
        self._popen: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    @property
    def is_started(self) -> bool:
        """Whether it runs, or has ended by itself."""
        return self._popen is not None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal has killed it."""
        return self._popen.poll() if self._popen else None

    def start(self) -> None:
        self._popen = subprocess.Popen(  # noqa: S603 - our own program
            self._command, env=self._environment, pass_fds=self._files, process_group=0
        )
        self.started_at = time.monotonic()

    def end(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self._popen:
            self._popen.terminate()
            try:
                self._popen.wait(_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("supervisor.kills", program=self.name)
                self.kill()

    def kill(self) -> None:
        """SIGKILL it and whatever it has started, also what has outlived it."""
        if self._popen:
            # Not yet waited for: the number is still its own.
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)
            self._popen.wait()
            self._popen = None


def keep_running(
    program: Program, is_well: Callable[[], bool] = lambda: True, may_start: Callable[[], bool] = lambda: True
) -> int:
    """Run the program until a signal comes: 0. Only one that cannot even start is given up: its exit code.

    `is_well` is asked all the time: a program that is not well is killed and started again. `may_start` is asked before
    each start: starting costs seconds of a processor, and a program that could only fail would do it again and again.
    Nor is a program given up for failing where it may not start.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    restarts = 0
    while not stop.wait(_TICK_SECONDS):
        if not program.is_started:
            if may_start():
                program.start()
            continue
        code = program.exit_code
        if code is None and is_well():
            continue
        is_young = time.monotonic() - program.started_at < _START_SECONDS
        if code and code > 0 and not restarts and is_young and may_start():
            return code
        restarts += 1
        log.error("supervisor.restarts", program=program.name, exit_code=code, restarts=restarts)
        program.kill()
        stop.wait(_RESTART_SECONDS)
    program.end()
    return 0


def end_with_supervisor() -> None:
    """For the program: have the kernel kill this process when its parent, the supervisor, has ended in any way."""
    if supervisor := os.environ.get(_SUPERVISOR):
        end_with_parent()
        if os.getppid() != int(supervisor):
            raise SystemExit("The supervisor has ended before its program began.")


def end_with_parent() -> None:
    """Linux alone offers it; elsewhere a `kill -9` of the parent leaves the child."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """`python -m service.core.supervision MODULE ARGUMENT …`."""
    logs.configure(Settings())
    sys.exit(keep_running(Program(sys.argv[1:])))


if __name__ == "__main__":
    main()
