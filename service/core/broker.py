"""The doorbell of a server: Celery over Redis. The embedded mode never imports it."""

import threading
from contextlib import suppress

import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from service.core.queue import Topic

log = structlog.get_logger()

# What nobody has heard for so long is passed over unread. Clocks may be hours apart: a worker whose own is fast would
# take every ring for stale.
_STALE_SECONDS = 24 * 3600
# The task by which a worker proves that it hears.
HEAR = "hear"


class CeleryBell:
    """Sends a task without arguments to the topic's Celery queue, off the caller's thread.

    Rings that come while one is being sent are one ring: a burst of a thousand comments costs a few messages.
    """

    def __init__(self, redis_url: str) -> None:
        self._celery = create_celery(redis_url)
        self._waiting: set[Topic] = set()
        self._condition = threading.Condition()
        threading.Thread(target=self._send_for_ever, name="bell", daemon=True).start()

    def ring(self, topic: Topic) -> None:
        with self._condition:
            self._waiting.add(topic)
            self._condition.notify()

    def _send_for_ever(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting)
                topics, self._waiting = self._waiting, set()
            for topic in topics:
                # When it fails: the sweeper rings again, and does the work itself when nobody answers.
                send(self._celery, topic, topic)


def send(celery: Celery, task: str, queue: str) -> bool:
    """Send a task without arguments, within a few seconds; False when the broker did not take it. Raises nothing."""
    try:
        celery.send_task(task, queue=queue, retry=False, expires=_STALE_SECONDS)
    except (OperationalError, OSError) as error:
        log.warning("bell.not_heard", queue=queue, error=type(error).__name__)
    except Exception:
        # Whatever it is, the caller must live to ring again.
        log.exception("bell.failed", queue=queue)
    else:
        return True
    return False


def delete(celery: Celery, queue: str) -> None:
    """Remove the queue and what is in it, if the broker is there."""
    with suppress(OperationalError, OSError), celery.connection_for_write() as connection:
        known = celery.amqp.queues[queue](connection.default_channel)
        # Only what this connection has declared does it delete with all that belongs to it.
        known.declare()
        known.delete()


def create_celery(redis_url: str) -> Celery:
    """The Celery application, as both the doors (which only send) and the workers need it."""
    app = Celery("gatepost", broker=redis_url)
    app.conf.update(
        task_ignore_result=True,
        task_default_queue=Topic.SCORE,
        # Without these a frozen broker blocks a sender for ever.
        broker_transport_options={
            "socket_timeout": 2,
            "socket_connect_timeout": 2,
            "health_check_interval": 10,
        },
        redis_socket_timeout=2,
        redis_socket_connect_timeout=2,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
    )
    return app
