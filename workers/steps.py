"""A step of each topic, for whoever takes it: a Celery task, the sweeper, a thread of the embedded mode."""

from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.core.db import Database
from service.core.outage import Outage
from service.core.queue import Topic
from service.core.settings import Settings
from workers import delivery, scoring
from workers.engines.engine import EngineUnavailableError
from workers.judgement import Scorer
from workers.learning import step as learning

log = structlog.get_logger()


class Step:
    """Work that may fail: that is logged, without the comment, and the rows come due again."""

    def __init__(self, topic: Topic, work: Callable[[], int]) -> None:
        """`work` gives back the number of rows that it has claimed."""
        self._topic = topic
        self._work = work
        self._outage = Outage(topic)

    def take(self) -> int:
        """The number of rows that were claimed; 0: nothing was due, or it has failed."""
        try:
            claimed = self._work()
        except SQLAlchemyError as error:
            self._outage.failed(error)
        except Exception:
            log.exception("worker.failed", topic=self._topic)
        else:
            self._outage.passed()
            return claimed
        return 0


def of(database: Database, settings: Settings, scorer: Callable[[], Scorer]) -> Mapping[Topic, Step]:
    """A step for each topic. `scorer` is asked each time; it may take seconds, or raise EngineUnavailableError."""
    return {
        Topic.SCORE: Step(Topic.SCORE, lambda: _score(database, settings, scorer)),
        Topic.DELIVER: Step(Topic.DELIVER, lambda: delivery.deliver_batch(database, settings)),
        Topic.LEARN: Step(Topic.LEARN, lambda: learning.learn_batch(database, settings)),
    }


def _score(database: Database, settings: Settings, scorer: Callable[[], Scorer]) -> int:
    try:
        loaded = scorer()
    except EngineUnavailableError as error:
        log.error("worker.no_engine", error=str(error))
        return scoring.hold_overdue(database, settings)
    return scoring.score_batch(database, loaded, settings)
