"""Sabotage for the processes under test, which import this first when this folder is in their PYTHONPATH.

An engine that a comment kills or hangs, a Celery worker that goes deaf (alive, idle, no longer consuming), and a clock
that is wrong.
"""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

KILLS = "xkillx"
HANGS = "xhangx"
# The folder in which a file of the name `DEAFEN` makes the worker deaf, once.
VARIABLE = "GATEPOST_TEST_SABOTAGE"
DEAFEN = "deafen"
# By how many seconds the process's clock is wrong.
CLOCK = "GATEPOST_TEST_CLOCK"


def _poison_engine() -> None:
    from workers.engines.cascade import CascadeEngine  # noqa: PLC0415 - in this program alone

    def score(self: CascadeEngine, texts: Sequence[str]) -> Any:
        together = " ".join(texts)
        if KILLS in together:
            os.kill(os.getpid(), signal.SIGKILL)
        if HANGS in together:
            # For as long as the universe lasts, and without letting go of the interpreter.
            re.match(r"(a|aa)+$", "a" * 200 + "b")
        return genuine(self, texts)

    genuine = CascadeEngine.score
    CascadeEngine.score = score  # type: ignore[method-assign]


def _deafen_worker() -> None:
    from celery.signals import worker_ready  # noqa: PLC0415 - in this program alone

    def begin(sender: Any, **_: object) -> None:
        threading.Thread(target=_wait_and_deafen, args=(sender,), daemon=True).start()

    worker_ready.connect(begin, weak=False)


def _wait_and_deafen(consumer: Any) -> None:
    order = Path(os.environ[VARIABLE]) / DEAFEN
    while not order.exists():
        time.sleep(0.05)
    order.unlink()
    consumer.call_soon(consumer.task_consumer.cancel)


def _set_clock_wrong() -> None:
    import time_machine  # noqa: PLC0415 - in this program alone

    time_machine.travel(datetime.now(UTC) + timedelta(seconds=float(os.environ[CLOCK]))).start()


if CLOCK in os.environ:
    _set_clock_wrong()
if VARIABLE in os.environ:
    if "celery" in sys.orig_argv:
        _deafen_worker()
    if {"celery", "workers.sweeper", "service.embedded"} & set(sys.orig_argv):
        _poison_engine()
