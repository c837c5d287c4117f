"""A process that outlives the test run for a moment, and clears away what a killed run has left.

It reads orders from a pipe, one on a line, and carries them out when the pipe closes, that is at the end of the
run, however it ends.
"""

import atexit
import functools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.servers import trees

ROOT = Path(__file__).parents[2]


def kill_at_end(pid: int) -> None:
    _order("kill", pid)


def spare(pid: int) -> None:
    """Take back `kill_at_end`: the number may soon be another process's."""
    _order("spare", pid)


def remove_at_end(folder: Path) -> None:
    _order("remove", folder)


def _order(verb: str, what: int | Path) -> None:
    os.write(_pipe(), f"{verb} {what}\n".encode())


@functools.cache
def _pipe() -> int:
    theirs, ours = os.pipe()
    # Its own session, or Ctrl-C would end the warden with the tests.
    warden = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.warden"], stdin=theirs, cwd=ROOT, start_new_session=True
    )
    os.close(theirs)
    atexit.register(_dismiss, warden, ours)
    return ours


def _dismiss(warden: subprocess.Popen[bytes], pipe: int) -> None:
    os.close(pipe)
    warden.wait()


def _serve() -> None:
    processes: dict[int, psutil.Process] = {}
    folders: list[str] = []
    for line in sys.stdin:
        verb, what = line.rstrip("\n").split(" ", 1)
        if verb == "kill" and psutil.pid_exists(int(what)):
            processes[int(what)] = psutil.Process(int(what))
        elif verb == "spare":
            processes.pop(int(what), None)
        elif verb == "remove":
            folders.append(what)
    for process in processes.values():
        trees.send(process, signal.SIGKILL)
    psutil.wait_procs(list(processes.values()), timeout=10)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    _serve()
