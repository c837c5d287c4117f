"""The Celery application: a task a topic, which drains what is due. A task carries nothing; the rows say what to do."""

from collections.abc import Mapping
from functools import cache

from celery.signals import setup_logging, task_postrun, task_prerun, worker_process_init, worker_ready

from service.core import encryption, logs, supervision
from service.core.broker import HEAR, CeleryBell, create_celery, send
from service.core.db import WORKERS_PATIENCE, Database, create_engine
from service.core.queue import Topic
from service.core.settings import Settings
from workers import beats, steps
from workers.judgement import Scorer
from workers.scorers import load_scorer
from workers.steps import Step

settings = Settings()
if settings.redis_url is None:
    raise SystemExit("Celery workers need a broker: set GATEPOST_REDIS_URL. `gatepost up` needs none.")
broker = settings.redis_url.get_secret_value()
keyring = encryption.keyring(settings)
app = create_celery(broker)
supervision.end_with_supervisor()


@app.task(name=Topic.SCORE)
def score() -> None:
    _work(Topic.SCORE)


@app.task(name=Topic.DELIVER)
def deliver() -> None:
    _work(Topic.DELIVER)


@app.task(name=Topic.LEARN)
def learn() -> None:
    _work(Topic.LEARN)


@app.task(name=HEAR)
def hear() -> None:
    """Nothing: the beats around every task are the answer."""


def _work(topic: Topic) -> None:
    """One step, and a ring for the next: a worker that is told to end does so after a step, and others can join in."""
    if _steps()[topic].take():
        _database().bell.ring(topic)


# Made on first use, that is after the fork: an engine, a connection or a thread must not be shared with the parent.
@cache
def _database() -> Database:
    return Database(create_engine(settings.database_url), CeleryBell(broker), WORKERS_PATIENCE, keyring)


@cache
def _steps() -> Mapping[Topic, Step]:
    return steps.of(_database(), settings, _scorer)


@cache
def _scorer() -> Scorer:
    return load_scorer(settings)


@worker_ready.connect
def _warm_up(**_: object) -> None:
    """A ring for nothing: the engine is loaded before the first comment comes."""
    send(app, Topic.SCORE, Topic.SCORE)


@task_prerun.connect
def _begins(**_: object) -> None:
    beats.send(begins=True)


@task_postrun.connect
def _ends(**_: object) -> None:
    beats.send(begins=False)


@worker_process_init.connect
def _end_with_worker(**_: object) -> None:
    supervision.end_with_parent()


@setup_logging.connect
def _configure_logs(**_: object) -> None:
    logs.configure(settings)
