"""The sweeper: rings again for what is due, and does the work itself when nobody answers.

Lost bells, dead workers, deaf workers and due retries are all one case here: a row whose `due_at` has passed.
"""

import signal
import threading
from datetime import timedelta
from functools import cache

import structlog
from sqlalchemy.exc import DBAPIError

from service.core import logs, outbox
from service.core.db import Database, create_engine
from service.core.queue import CeleryBell, Topic
from service.core.settings import Settings
from workers import delivery, scoring
from workers.engines.engine import EngineUnavailableError
from workers.judgement import Scorer
from workers.learning import step as learning
from workers.scorers import load_scorer

log = structlog.get_logger()


def sweep(database: Database, settings: Settings) -> None:
    """Ring for every topic with due rows; drain one step of those that wait for too long."""
    with database.reading() as session:
        lag = outbox.lag(session)
    for topic, waited in lag.items():
        database.bell.ring(topic)
        if waited >= settings.drain_after:
            log.warning("sweeper.drains", topic=topic, seconds=round(waited.total_seconds(), 1))
            _drain(database, settings, topic, waited)


def _drain(database: Database, settings: Settings, topic: Topic, waited: timedelta) -> None:
    if topic == Topic.DELIVER:
        delivery.deliver_batch(database, settings)
        return
    if topic == Topic.LEARN:
        learning.learn_batch(database, settings)
        return
    try:
        scoring.score_batch(database, _scorer(settings), settings)
    except EngineUnavailableError as error:
        log.error("sweeper.no_engine", error=str(error))
        if waited >= settings.score_within:
            scoring.hold_overdue(database, settings)


@cache
def _scorer(settings: Settings) -> Scorer:
    # Only when it is needed: a sweeper that never drains stays small.
    return load_scorer(settings)


def run(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Sweep until told to stop; a database that is away is asked again."""
    while not stop.wait(settings.sweep_every.total_seconds()):
        try:
            sweep(database, settings)
        except DBAPIError as error:
            log.error("sweeper.database", error=type(error.orig).__name__)


def main() -> None:
    settings = Settings()
    logs.configure(settings)
    if settings.redis_url is None:
        raise SystemExit("The sweeper serves workers on a broker: set GATEPOST_REDIS_URL. `gatepost up` needs none.")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    database = Database(create_engine(settings.database_url), CeleryBell(settings.redis_url.get_secret_value()))
    run(database, settings, stop)


if __name__ == "__main__":
    main()
