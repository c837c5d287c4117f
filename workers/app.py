"""The Celery application: two tasks that drain what is due. A task carries nothing; the rows say what to do."""

from collections.abc import Callable
from functools import cache

from celery.signals import setup_logging

from service.core import logs
from service.core.db import Database, create_engine
from service.core.queue import CeleryBell, Topic, create_celery
from service.core.settings import Settings
from workers import delivery, scoring
from workers.scorers import load_scorer

settings = Settings()
if settings.redis_url is None:
    raise SystemExit("Celery workers need a broker: set GATEPOST_REDIS_URL. `gatepost up` needs none.")
broker = settings.redis_url.get_secret_value()
app = create_celery(broker)
# Loading a transformer takes longer than the four seconds that a new child is given by default.
app.conf.worker_proc_alive_timeout = 120


@app.task(name=Topic.SCORE)
def score() -> None:
    _drain(Topic.SCORE, lambda: scoring.score_batch(_database(), _scorer(), settings), full=settings.score_batch)


@app.task(name=Topic.DELIVER)
def deliver() -> None:
    _drain(Topic.DELIVER, lambda: delivery.deliver_batch(_database(), settings), full=settings.deliver_batch)


def _drain(topic: Topic, step: Callable[[], int], full: int) -> None:
    while claimed := step():
        if claimed >= full:
            # There is more: let the next free worker join in.
            _database().bell.ring(topic)


# Made on first use, that is after the fork: an engine, a connection or a thread must not be shared with the parent.
@cache
def _database() -> Database:
    return Database(create_engine(settings.database_url), CeleryBell(broker))


@cache
def _scorer() -> scoring.Scorer:
    return load_scorer(settings)


@setup_logging.connect
def _configure_logs(**_: object) -> None:
    logs.configure(settings)
