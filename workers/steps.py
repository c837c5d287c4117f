"""A step of each topic, for whoever takes it: a Celery task, the sweeper, a thread of the embedded mode."""

from collections.abc import Callable, Mapping
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.core import outbox
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

    def __init__(self, topic: Topic, work: Callable[[], bool]) -> None:
        """`work` gives back whether to go on at once."""
        self._topic = topic
        self._work = work
        self._outage = Outage(topic)

    def take(self) -> bool:
        """Whether to take another at once; no: nothing is left that may be done now, or it has failed."""
        try:
            more = self._work()
        except SQLAlchemyError as error:
            self._outage.failed(error)
        except Exception:
            log.exception("worker.failed", topic=self._topic)
        else:
            self._outage.passed()
            return more
        return False


def of(database: Database, settings: Settings, scorer: Callable[[], Scorer]) -> Mapping[Topic, Step]:
    """A step for each topic. `scorer` is asked each time; it may take seconds, or raise EngineUnavailableError."""
    works: Mapping[Topic, Callable[[], int]] = {
        Topic.SCORE: lambda: _score(database, settings, scorer),
        Topic.DELIVER: lambda: delivery.deliver_batch(database, settings),
        Topic.LEARN: lambda: learning.learn_batch(database, settings),
    }
    return {topic: Step(topic, partial(_leaves_more, database, topic, work)) for topic, work in works.items()}


def _leaves_more(database: Database, topic: Topic, work: Callable[[], int]) -> bool:
    # A step that has found nothing to claim will find nothing the next moment: what is due waits for a place. And one
    # that is rung for in vain costs more than this question.
    if not work():
        return False
    with database.reading() as session:
        return outbox.is_due(session, topic) or outbox.anything_waits(session, topic)


def _score(database: Database, settings: Settings, scorer: Callable[[], Scorer]) -> int:
    try:
        loaded = scorer()
    except EngineUnavailableError as error:
        log.error("worker.no_engine", error=str(error))
        return scoring.hold_overdue(database, settings)
    return scoring.score_batch(database, loaded, settings)
