"""A program in its own session whose output goes to a log, that can be ended, killed and frozen."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import psutil

from tests.servers import trees, warden

ROOT = Path(__file__).parents[2]
TAIL_BYTES = 4_000


class Process:
    """May be started again after its end; the log then goes on in the same file."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        user: int | None = None,
    ) -> None:
        """`env` adds to this process's own environment."""
        self.command = [str(word) for word in command]
        self.log = log
        self.env = dict(env or {})
        self.cwd = cwd
        self.user = user
        self._started: tuple[subprocess.Popen[bytes], psutil.Process] | None = None

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """None while the program runs."""
        return self._popen.poll()

    @property
    def running(self) -> bool:
        return self._started is not None and self.returncode is None

    @property
    def tail(self) -> str:
        """The end of the log, for failure messages."""
        text = self.log.read_bytes()[-TAIL_BYTES:] if self.log.exists() else b""
        state = "running" if self.running else f"exit {self.returncode}"
        return f"--- {self.command[0]} ({state}), {self.log}\n{text.decode(errors='replace')}"

    def start(self) -> None:
        if self.running:
            raise RuntimeError(f"already running: {self.command[0]}")
        self.kill()
        with self.log.open("ab") as log:
            popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                cwd=self.cwd,
                start_new_session=True,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )
        self._started = popen, psutil.Process(popen.pid)
        warden.kill_at_end(popen.pid)

    def wait(self, within: timedelta = timedelta(seconds=10)) -> int:
        """Give back the exit status; AssertionError, with the log's tail, when the program runs on."""
        try:
            return self._popen.wait(within.total_seconds())
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {within}\n{self.tail}") from None

    def send(self, number: signal.Signals) -> None:
        """Signal the program alone, not its children."""
        self._popen.send_signal(number)

    def terminate(self, within: timedelta = timedelta(seconds=10)) -> int:
        """SIGTERM to the program alone, as a supervisor does; give back its exit status."""
        self.send(signal.SIGTERM)
        return self.wait(within)

    def kill(self) -> None:
        """SIGKILL the program and all that it has started, also what has outlived it."""
        if self._started is not None:
            popen, tree = self._started
            trees.send(tree, signal.SIGKILL)
            popen.wait()
            warden.spare(popen.pid)

    def freeze(self) -> None:
        """SIGSTOP the program and its children: connections stay open, nothing answers."""
        trees.send(self._tree, signal.SIGSTOP)

    def thaw(self) -> None:
        trees.send(self._tree, signal.SIGCONT)

    @property
    def _popen(self) -> subprocess.Popen[bytes]:
        return self._require_started()[0]

    @property
    def _tree(self) -> psutil.Process:
        return self._require_started()[1]

    def _require_started(self) -> tuple[subprocess.Popen[bytes], psutil.Process]:
        if self._started is None:
            raise RuntimeError(f"never started: {self.command[0]}")
        return self._started
