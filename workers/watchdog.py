"""Runs a Celery worker and replaces it when it ends, or when it is alive but deaf: no longer consuming from the broker.

That is a real failure of Celery on Redis (0014-watchdog.md). The watchdog asks the worker through a queue that nobody
else hears, the way all work comes; a beat of any step, or of the answer to the question, is progress.
"""

import os
import socket
import sys
import time
from collections.abc import Sequence

import structlog

from service.core import broker, logs, supervision
from service.core.queue import Topic
from service.core.settings import Settings
from service.core.supervision import Program
from workers import beats

log = structlog.get_logger()

_ASK_SECONDS = 2.0
# From a question that the broker took to the first beat. An idle worker answers at once; one that starts has its
# imports to do; in one that works, the question waits behind the step, which has limits of its own.
_IDLE_SECONDS = 10.0
_START_SECONDS = 120.0
_BUSY_SECONDS = 600.0
# When this process has slept for so long, it was frozen and the worker perhaps with it: silence says nothing.
_SLEPT_SECONDS = 5.0


class Hearing:
    """What the beats tell of a worker that started at `started_at`; all times are in seconds of one clock."""

    def __init__(self, started_at: float) -> None:
        self.started_at = started_at
        self._open_since: float | None = None
        self._has_answered = False
        self._busy: set[int] = set()

    def asked(self, at: float, *, taken: bool) -> None:
        """A question was put to the broker. While it takes none, no worker can hear."""
        self._open_since = (self._open_since or at) if taken else None

    def forgive(self) -> None:
        """Begin to listen anew."""
        self._open_since = None

    def beat(self, process: int, *, begins: bool) -> None:
        self._open_since = None
        self._has_answered = True
        (self._busy.add if begins else self._busy.discard)(process)

    def is_deaf(self, at: float) -> bool:
        return self._open_since is not None and at - self._open_since > self._patience

    @property
    def _patience(self) -> float:
        if not self._has_answered:
            return _START_SECONDS
        # One that was killed tells no end of its step.
        self._busy = {process for process in self._busy if _is_alive(process)}
        return _BUSY_SECONDS if self._busy else _IDLE_SECONDS


class Watchdog:
    """A Celery worker for the topics, with `processes` processes; `is_well` looks after it and never waits long."""

    def __init__(self, topics: Sequence[Topic], processes: int, redis_url: str) -> None:
        name = f"{topics[0]}@{socket.gethostname()}.{os.getpid()}"
        self._queue = f"hear.{name}"
        self._celery = broker.create_celery(redis_url)
        self._beats, theirs = beats.pipe()
        queues = ",".join([*topics, self._queue])
        celery = ["celery", "--app", "workers.app", "worker", "--queues", queues, "--concurrency", str(processes)]
        quiet = ["--without-gossip", "--without-mingle", "--hostname", name, "--loglevel", "WARNING"]
        self.program = Program([*celery, *quiet], {beats.VARIABLE: str(theirs)}, [theirs])
        self._hearing = Hearing(0)
        self._asked_at = self._looked_at = time.monotonic()

    def is_well(self) -> bool:
        now = time.monotonic()
        if self._hearing.started_at != self.program.started_at:
            self._hearing = Hearing(self.program.started_at)
        if now - self._looked_at > _SLEPT_SECONDS:
            self._hearing.forgive()
        self._looked_at = now
        for process, begins in beats.read(self._beats):
            self._hearing.beat(process, begins=begins)
        if self._hearing.is_deaf(now):
            log.error("watchdog.deaf", worker=self._queue)
            return False
        if now - self._asked_at >= _ASK_SECONDS:
            self._hearing.asked(now, taken=self.ask())
        return True

    def ask(self) -> bool:
        """Whether the broker takes the question. Celery ends at once where a broker is full or read-only."""
        self._asked_at = time.monotonic()
        return broker.send(self._celery, broker.HEAR, self._queue)

    def forget(self) -> None:
        """Leave no queue behind."""
        broker.delete(self._celery, self._queue)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """`python -m workers.watchdog TOPIC PROCESSES`."""
    settings = Settings()
    logs.configure(settings)
    if settings.redis_url is None:
        raise SystemExit("Celery workers need a broker: set GATEPOST_REDIS_URL. `gatepost up` needs none.")
    topic, processes = Topic(sys.argv[1]), int(sys.argv[2])
    # Learning is rare and quick, and needs what scoring needs: the scorer does both.
    topics = [Topic.SCORE, Topic.LEARN] if topic == Topic.SCORE else [topic]
    watchdog = Watchdog(topics, processes, settings.redis_url.get_secret_value())
    code = supervision.keep_running(watchdog.program, watchdog.is_well, watchdog.ask)
    watchdog.forget()
    sys.exit(code)


if __name__ == "__main__":
    main()
