"""Signalling a process with everything that it has started."""

import contextlib
import os
import signal

import psutil


def send(parent: psutil.Process, number: signal.Signals) -> None:
    """Reach the process, its children and its process group: parents first, so that none starts another."""
    try:
        family = [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.send_signal(number)
    # Children whose parent has ended are no longer its children, but still in its group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(parent.pid, number)
