"""The sweeper: rings again for what is due, and does the work itself when nobody answers.

Lost bells, dead workers, deaf workers and due retries are all one case here: a row whose `due_at` has passed.
"""

import signal
import threading
from functools import cache

import structlog

from service.core import encryption, logs, outbox, supervision
from service.core.broker import CeleryBell
from service.core.db import WORKERS_PATIENCE, Database, create_engine
from service.core.queue import Topic
from service.core.settings import Settings
from workers import chores, steps
from workers.scorers import load_scorer
from workers.steps import Step

log = structlog.get_logger()


def sweep(database: Database, settings: Settings, topic: Topic, step: Step) -> bool:
    """Ring if rows of the topic are due, and take a step when they wait for too long. Gives back whether to go on."""
    with database.reading() as session:
        waited = outbox.waited(session, topic)
        anything = waited is not None or outbox.anything_waits(session, topic)
    if anything:
        database.bell.ring(topic)
    if waited is None or waited < settings.drain_after:
        return False
    log.warning("sweeper.drains", topic=topic, seconds=round(waited.total_seconds(), 1))
    return step.take()


def run(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Sweep until told to stop. A thread for each topic: a receiver that is slow to answer holds back no decision."""
    # Loaded only when it is needed: a sweeper that never drains stays small.
    scorer = cache(lambda: load_scorer(settings))
    threads = [
        threading.Thread(target=_sweep_on, args=(database, settings, topic, step, stop), name=topic)
        for topic, step in steps.of(database, settings, scorer).items()
    ]
    threads += chores.threads(database, settings, stop)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _sweep_on(database: Database, settings: Settings, topic: Topic, step: Step, stop: threading.Event) -> None:
    sweeping = Step(topic, lambda: sweep(database, settings, topic, step))
    more = False
    # What waits behind the rows that it has just done has waited for as long.
    while not stop.wait(0 if more else settings.sweep_every.total_seconds()):
        more = sweeping.take()


def main() -> None:
    settings = Settings()
    logs.configure(settings)
    if settings.redis_url is None:
        raise SystemExit("The sweeper serves workers on a broker: set GATEPOST_REDIS_URL. `gatepost up` needs none.")
    supervision.end_with_supervisor()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    bell = CeleryBell(settings.redis_url.get_secret_value())
    keyring = encryption.keyring(settings)
    database = Database(create_engine(settings.database_url), bell, WORKERS_PATIENCE, keyring)
    run(database, settings, stop)


if __name__ == "__main__":
    main()
