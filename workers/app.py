"""The Celery application: a task a topic, which drains what is due. A task carries nothing; the rows say what to do."""

from collections.abc import Callable
from functools import cache

import structlog
from celery.signals import setup_logging

from service.core import logs
from service.core.db import Database, create_engine
from service.core.queue import CeleryBell, Topic, create_celery
from service.core.settings import Settings
from workers import delivery, scoring
from workers.judgement import Scorer
from workers.learning import step as learning
from workers.scorers import load_scorer

log = structlog.get_logger()
settings = Settings()
if settings.redis_url is None:
    raise SystemExit("Celery workers need a broker: set GATEPOST_REDIS_URL. `gatepost up` needs none.")
broker = settings.redis_url.get_secret_value()
app = create_celery(broker)
# Loading a transformer takes longer than the four seconds that a new child is given by default.
app.conf.worker_proc_alive_timeout = 120


@app.task(name=Topic.SCORE)
def score() -> None:
    _work(Topic.SCORE, lambda: scoring.score_batch(_database(), _scorer(), settings))


@app.task(name=Topic.DELIVER)
def deliver() -> None:
    _work(Topic.DELIVER, lambda: delivery.deliver_batch(_database(), settings))


@app.task(name=Topic.LEARN)
def learn() -> None:
    _work(Topic.LEARN, lambda: learning.learn_batch(_database(), settings))


def _work(topic: Topic, step: Callable[[], int]) -> None:
    """One step, and a ring for the next: a worker that is told to end does so after a step, and others can join in."""
    try:
        if step():
            _database().bell.ring(topic)
    except Exception:
        # Celery would log the error's text, and with a database's error the comment's. The rows come due again.
        log.exception("worker.failed", topic=topic)


# Made on first use, that is after the fork: an engine, a connection or a thread must not be shared with the parent.
@cache
def _database() -> Database:
    return Database(create_engine(settings.database_url), CeleryBell(broker))


@cache
def _scorer() -> Scorer:
    return load_scorer(settings)


@setup_logging.connect
def _configure_logs(**_: object) -> None:
    logs.configure(settings)
