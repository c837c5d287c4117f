"""The doorbell: wakes a worker for a topic. A ring may be lost, doubled or late; the rows are the queue."""

import threading
from enum import StrEnum
from typing import Protocol


class Topic(StrEnum):
    """What a row in the outbox asks for; also the name of the Celery queue and task."""

    SCORE = "score"
    DELIVER = "deliver"
    LEARN = "learn"


class Bell(Protocol):
    def ring(self, topic: Topic) -> None: ...


class SilentBell:
    """For commands: the sweeper will find what they leave due."""

    def ring(self, topic: Topic) -> None:
        pass


class LocalBell:
    """Wakes the threads of this process (the embedded mode)."""

    def __init__(self) -> None:
        self._rung = {topic: threading.Event() for topic in Topic}

    def ring(self, topic: Topic) -> None:
        self._rung[topic].set()

    def wait(self, topic: Topic, seconds: float) -> None:
        self._rung[topic].wait(seconds)
        self._rung[topic].clear()
