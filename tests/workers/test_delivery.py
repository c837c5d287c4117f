"""The courier's step: what the receiver gets, what is recorded, and when it is tried again."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import standardwebhooks
import structlog
from sqlalchemy import delete, update
from sqlmodel import col, select

from service.core import comments, db, outbox, policy, signing_keys, sites, submissions, webhooks
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Delivery, Endpoint, Event, OutboxRow, SigningKey
from service.core.queue import Topic
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.servers.receiver import RESET, Answer, Receiver
from tests.servers.waiting import eventually
from workers import attempts, delivery, outbound, records
from workers.attempts import Job
from workers.retries import PAUSE_AFTER, SCHEDULE, Outcome

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def endpoint(database: Database, site_id: UUID, receiver: Receiver) -> Endpoint:
    """The receiver, which verifies every signature."""
    with database.transaction() as session:
        endpoint = webhooks.create(session, site_id, receiver.url, allow_private=True)
        receiver.secret = signing_keys.shared_secret(session, endpoint)
    return endpoint


@pytest.fixture
def event(database: Database, site_id: UUID, endpoint: Endpoint) -> Event:
    return _settle(database, site_id)


def test_a_decision_reaches_the_receiver_signed(
    database: Database, settings: Settings, receiver: Receiver, event: Event
) -> None:
    assert delivery.deliver_batch(database, settings) == 1

    [request] = receiver.requests
    assert request.verified
    assert request.method == "POST"
    assert request.path == "/hook"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["webhook-id"] == str(event.id)
    assert request.body == event.body.encode()
    assert request.json["type"] == "comment.held"


def test_a_delivered_event_is_owed_no_more(
    database: Database, settings: Settings, receiver: Receiver, event: Event, endpoint: Endpoint
) -> None:
    receiver.script(Answer(204))

    delivery.deliver_batch(database, settings)

    [attempt] = _deliveries(database)
    assert (attempt.event_id, attempt.endpoint_id, attempt.attempt) == (event.id, endpoint.id, 1)
    assert (attempt.status_code, attempt.error, attempt.next_attempt_at) == (204, None, None)
    assert attempt.duration_ms >= 0
    assert _rows(database) == []
    assert delivery.deliver_batch(database, settings) == 0


def test_nothing_due_is_nothing_claimed(database: Database, settings: Settings) -> None:
    assert delivery.deliver_batch(database, settings) == 0


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (Answer(500, body=b"oops"), 500, None),
        (Answer(404), 404, None),
        (Answer(302, {"location": "/elsewhere"}), 302, None),
        (RESET, None, "Error: "),
        (Answer(delay=timedelta(hours=1)), None, "no complete answer"),
        (Answer(body=b"x" * 5000, drip=timedelta(seconds=0.1)), None, "no complete answer"),
    ],
    ids=["500", "404", "redirect", "reset", "silence", "drip"],
)
@pytest.mark.usefixtures("event")
def test_a_failed_attempt_is_recorded_and_tried_again(
    database: Database, settings: Settings, receiver: Receiver, answer: Answer, status: int | None, error: str | None
) -> None:
    receiver.script(answer)

    delivery.deliver_batch(database, settings.model_copy(update={"deliver_timeout": timedelta(seconds=2)}))

    [attempt] = _deliveries(database)
    assert attempt.status_code == status
    assert (error in attempt.error) if error and attempt.error else attempt.error == error
    assert attempt.response == (answer.body.decode() if status else None)
    [row] = _rows(database)
    assert attempt.next_attempt_at == row.due_at
    assert row.due_at > attempt.at
    assert [request.path for request in receiver.requests] == ["/hook"]


@pytest.mark.usefixtures("event")
def test_a_refused_connection_is_recorded_and_tried_again(
    database: Database, settings: Settings, receiver: Receiver
) -> None:
    receiver.stop()

    delivery.deliver_batch(database, settings)

    [attempt] = _deliveries(database)
    assert attempt.error is not None
    assert "Connect" in attempt.error
    assert attempt.next_attempt_at is not None


@pytest.mark.usefixtures("event")
def test_an_inner_address_is_refused_unless_the_operator_allows_it(
    database: Database, settings: Settings, receiver: Receiver
) -> None:
    delivery.deliver_batch(database, settings.model_copy(update={"webhook_allow_private": False}))

    [attempt] = _deliveries(database)
    assert attempt.error == "A webhook goes to an https:// address on the public internet."
    assert receiver.requests == []


def test_a_retry_sends_the_same_id_and_bytes_signed_anew(
    database: Database, settings: Settings, receiver: Receiver, event: Event
) -> None:
    receiver.script(Answer(500))
    delivery.deliver_batch(database, settings)
    _make_due(database)

    assert delivery.deliver_batch(database, settings) == 1

    first, second = receiver.requests
    assert first.verified
    assert second.verified
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(event.id)
    assert first.body == second.body
    assert [attempt.attempt for attempt in _deliveries(database)] == [1, 2]
    assert _rows(database) == []


def test_each_attempt_is_signed_with_its_own_time(
    database: Database, settings: Settings, receiver: Receiver, event: Event, endpoint: Endpoint
) -> None:
    receiver.secret = None
    with database.transaction() as session:
        rows = outbox.claim(session, Topic.DELIVER, 1, MINUTE)
        now = db.now(session)
        keys = signing_keys.live(session, [endpoint.id])[endpoint.id]
    jobs = [Job(rows[0], event, endpoint, keys, now + late) for late in (timedelta(0), timedelta(hours=1))]

    async def post() -> None:
        async with outbound.Client(allow_private=True) as client:
            for job in jobs:
                await attempts.post(client, database.keyring.decrypt, job, within=settings.deliver_timeout)

    asyncio.run(post())

    stamps = [int(request.headers["webhook-timestamp"]) for request in receiver.requests]
    assert stamps == [int(now.timestamp()), int(now.timestamp()) + 3600]
    assert len({request.headers["webhook-signature"] for request in receiver.requests}) == 2


@pytest.mark.usefixtures("event")
def test_a_receiver_that_is_gone_gets_nothing_more(
    database: Database, settings: Settings, receiver: Receiver, endpoint: Endpoint
) -> None:
    receiver.script(Answer(410))

    delivery.deliver_batch(database, settings)

    [attempt] = _deliveries(database)
    assert (attempt.status_code, attempt.next_attempt_at) == (410, None)
    assert _rows(database) == []
    with database.reading() as session:
        stored = session.get_one(Endpoint, endpoint.id)
    assert stored.disabled_at is not None
    assert stored.disabled_reason == "The receiver answered 410 Gone."


@pytest.mark.usefixtures("event")
def test_a_disabled_endpoint_gets_nothing(
    database: Database, settings: Settings, receiver: Receiver, endpoint: Endpoint
) -> None:
    with database.transaction() as session:
        webhooks.disable(session, session.get_one(Endpoint, endpoint.id), "by hand")

    assert delivery.deliver_batch(database, settings) == 0

    assert receiver.requests == []
    assert _deliveries(database) == []
    assert _rows(database) == []


@pytest.mark.parametrize(("asked", "low", "high"), [("8", 8, 10), ("100000", 10, 12), ("9" * 5000, 10, 12)])
@pytest.mark.usefixtures("event")
def test_retry_after_is_obeyed_within_limits(
    database: Database, settings: Settings, receiver: Receiver, asked: str, low: int, high: int
) -> None:
    receiver.script(Answer(503, {"retry-after": asked}))

    delivery.deliver_batch(database, settings)

    [attempt] = _deliveries(database)
    assert attempt.next_attempt_at is not None
    # The wait counts from the record, a moment after the attempt's start.
    assert timedelta(seconds=low) <= attempt.next_attempt_at - attempt.at < timedelta(seconds=high + 5)


@pytest.mark.usefixtures("event")
def test_after_the_last_attempt_the_event_is_owed_no_more(
    database: Database, settings: Settings, receiver: Receiver
) -> None:
    receiver.otherwise = Answer(500)
    with database.transaction() as session:
        session.execute(update(OutboxRow).values(attempts=len(SCHEDULE)))

    delivery.deliver_batch(database, settings)

    [attempt] = _deliveries(database)
    assert attempt.attempt == len(SCHEDULE) + 1
    assert attempt.next_attempt_at is None
    assert _rows(database) == []


def test_a_whole_schedule_of_failures_makes_eleven_attempts(
    database: Database, settings: Settings, receiver: Receiver, event: Event
) -> None:
    receiver.otherwise = Answer(500)

    while delivery.deliver_batch(database, settings):
        _make_due(database)

    assert [attempt.attempt for attempt in _deliveries(database)] == list(range(1, 12))
    assert {request.headers["webhook-id"] for request in receiver.requests} == {str(event.id)}
    assert len({request.body for request in receiver.requests}) == 1


def test_while_a_secret_rotates_both_verify(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.secret = None
    old, new = _secret(database, endpoint), _rotate(database, endpoint, timedelta(hours=1))
    _settle(database, site_id)

    delivery.deliver_batch(database, settings)

    assert [_verifies(secret, receiver) for secret in (old, new)] == [True, True]


def test_after_the_rotation_the_old_secret_verifies_no_more(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.secret = None
    old, new = _secret(database, endpoint), _rotate(database, endpoint, timedelta(0))
    _settle(database, site_id)

    delivery.deliver_batch(database, settings)

    assert [_verifies(secret, receiver) for secret in (old, new)] == [False, True]


@pytest.mark.parametrize("erased", ["comment", "endpoint"])
@pytest.mark.parametrize("status", [200, 410, 500])
def test_what_is_erased_during_the_attempt_leaves_nothing_behind(
    database: Database, settings: Settings, receiver: Receiver, event: Event, erased: str, status: int
) -> None:
    receiver.script(Answer(status, delay=timedelta(hours=1)))
    thread = _in_background(lambda: delivery.deliver_batch(database, settings))
    receiver.wait_for(lambda requests: len(requests) == 1)

    with database.transaction() as session:
        if erased == "comment":
            assert event.comment_id
            comments.erase(session, event.site_id, event.comment_id, "site")
        else:
            session.delete(session.exec(select(Endpoint)).one())

    receiver.stop()
    thread.join()
    assert thread.failed is None
    assert _deliveries(database) == []
    assert _rows(database) == []


@pytest.mark.parametrize("erased", ["comment", "endpoint"])
def test_erasing_and_recording_at_once_never_wait_for_each_other_for_ever(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint, erased: str
) -> None:
    jobs = []
    for _ in range(10):
        event = _settle(database, site_id)
        with database.transaction() as session:
            [row] = outbox.claim(session, Topic.DELIVER, 1, MINUTE)
            jobs.append(Job(row, event, endpoint, [], db.now(session)))
    failed = _failed(500)
    start = threading.Barrier(3)

    def record() -> None:
        start.wait()
        for job in jobs:
            records.record(database, [(job, failed)], settings.webhook_disable_after)

    def erase() -> None:
        start.wait()
        for job in jobs if erased == "comment" else jobs[:1]:
            with database.transaction() as session:
                if erased == "comment":
                    assert job.event.comment_id
                    comments.erase(session, site_id, job.event.comment_id, "site")
                else:
                    session.delete(session.get_one(Endpoint, endpoint.id))

    threads = [_in_background(record), _in_background(erase)]
    start.wait()

    for thread in threads:
        thread.join()
    assert [thread.failed for thread in threads] == [None, None]
    # A row that was in the courier's hands at that moment is found empty when it comes due.
    _make_due(database)
    delivery.deliver_batch(database, settings)
    assert receiver.requests == []
    assert _rows(database) == []


@pytest.mark.usefixtures("event")
def test_an_attempt_whose_lease_was_lost_is_recorded_but_decides_nothing(
    database: Database, settings: Settings, receiver: Receiver
) -> None:
    receiver.script(Answer(500, delay=timedelta(hours=1)))
    thread = _in_background(lambda: delivery.deliver_batch(database, settings))
    receiver.wait_for(lambda requests: len(requests) == 1)
    _make_due(database)
    with database.transaction() as session:
        [mine] = outbox.claim(session, Topic.DELIVER, 1, MINUTE)

    receiver.stop()
    thread.join()

    [attempt] = _deliveries(database)
    assert (attempt.status_code, attempt.next_attempt_at) == (500, None)
    [row] = _rows(database)
    assert (row.lease, row.due_at) == (mine.lease, mine.due_at)


def test_a_dead_couriers_event_is_delivered_by_the_next_with_the_same_id(
    database: Database, settings: Settings, receiver: Receiver, event: Event
) -> None:
    with database.transaction() as session:
        assert outbox.claim(session, Topic.DELIVER, 1, MINUTE)
    assert delivery.deliver_batch(database, settings) == 0

    _make_due(database)
    assert delivery.deliver_batch(database, settings) == 1

    assert [request.headers["webhook-id"] for request in receiver.requests] == [str(event.id)]


def test_a_slow_receiver_does_not_delay_the_record_of_the_others(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    slow = _slow_receiver(database, site_id)
    _settle(database, site_id)
    thread = _in_background(lambda: delivery.deliver_batch(database, settings))

    eventually(lambda: _deliveries(database), within=timedelta(seconds=4))

    [attempt] = _deliveries(database)
    assert attempt.endpoint_id == endpoint.id
    assert thread.is_alive()
    slow.stop()
    thread.join()
    assert len(_deliveries(database)) == 2


def test_name_lookups_that_hang_do_not_delay_the_others(
    database: Database,
    settings: Settings,
    receiver: Receiver,
    site_id: UUID,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answering = _hang_lookups(monkeypatch, "dead.example")
    with database.transaction() as session:
        for _ in range(20):
            webhooks.create(session, site_id, "https://dead.example/hook", allow_private=True)
    _settle(database, site_id)
    thread = _in_background(lambda: delivery.deliver_batch(database, settings))

    try:
        receiver.wait_for(lambda requests: len(requests) == 1, within=timedelta(seconds=4))
        eventually(lambda: endpoint.id in {attempt.endpoint_id for attempt in _deliveries(database)})
    finally:
        answering.set()
        thread.join()
    assert len(_deliveries(database)) == 21


def test_an_attempt_that_breaks_spoils_no_other(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    with database.transaction() as session:
        broken = webhooks.create(session, site_id, receiver.url, allow_private=True)
        session.execute(update(SigningKey).where(col(SigningKey.endpoint_id) == broken.id).values(secret="whsec_A"))
    receiver.otherwise = Answer(delay=timedelta(seconds=0.3))
    _settle(database, site_id)

    with pytest.raises(ValueError, match="base64"):
        delivery.deliver_batch(database, settings)

    assert [attempt.endpoint_id for attempt in _deliveries(database)] == [endpoint.id]


def test_a_ping_is_delivered_like_any_event(
    database: Database, settings: Settings, receiver: Receiver, endpoint: Endpoint
) -> None:
    with database.transaction() as session:
        ping = webhooks.ping(session, session.get_one(Endpoint, endpoint.id))

    delivery.deliver_batch(database, settings)

    [request] = receiver.requests
    assert request.verified
    assert request.headers["webhook-id"] == str(ping.id)
    assert request.json["type"] == "ping"


def test_an_event_goes_to_each_endpoint_under_one_id(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.secret = None
    with database.transaction() as session:
        webhooks.create(session, site_id, receiver.url, allow_private=True)
    event = _settle(database, site_id)

    assert delivery.deliver_batch(database, settings) == 2

    assert [request.headers["webhook-id"] for request in receiver.requests] == [str(event.id)] * 2
    assert len({request.headers["webhook-signature"] for request in receiver.requests}) == 2


def test_another_sites_endpoint_gets_nothing(
    database: Database, settings: Settings, receiver: Receiver, endpoint: Endpoint
) -> None:
    with database.transaction() as session:
        elsewhere = sites.create(session, "Another").id
    _settle(database, elsewhere)

    assert delivery.deliver_batch(database, settings) == 0


@pytest.mark.usefixtures("event")
def test_too_many_requests_slow_the_whole_endpoint_down(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.script(Answer(429, {"retry-after": "100"}))
    delivery.deliver_batch(database, settings)
    _settle(database, site_id)

    assert delivery.deliver_batch(database, settings) == 0

    paused_until = _stored(database, endpoint).paused_until
    assert paused_until is not None
    assert paused_until - _deliveries(database)[0].at > timedelta(seconds=100)
    assert [row.due_at >= paused_until for row in _rows(database)] == [True, True]
    assert len(receiver.requests) == 1


def test_an_endpoint_that_only_fails_is_asked_ever_less(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.otherwise = Answer(500)
    for _ in range(3 * PAUSE_AFTER):
        _settle(database, site_id)

    delivery.deliver_batch(database, settings)
    first = len(receiver.requests)
    _make_due(database)
    delivery.deliver_batch(database, settings)

    # What was under way before the fourth failure was written, then one to see whether it is back.
    assert PAUSE_AFTER <= first < 2 * PAUSE_AFTER
    assert len(receiver.requests) == first + 1
    stored = _stored(database, endpoint)
    assert stored.failures == PAUSE_AFTER + 1
    assert stored.paused_until is not None
    assert stored.disabled_at is None


def test_many_that_fail_at_once_pause_the_endpoint_for_no_longer_than_a_few(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.otherwise = Answer(500)
    for _ in range(16):
        _settle(database, site_id)

    delivery.deliver_batch(database, settings.model_copy(update={"deliver_at_once": 16}))

    stored = _stored(database, endpoint)
    assert len(receiver.requests) == 16
    assert stored.failures == PAUSE_AFTER
    assert stored.paused_until is not None
    assert stored.paused_until - _deliveries(database)[-1].at < 2 * SCHEDULE[0]


def test_what_hangs_while_others_are_delivered_is_no_row_of_failures(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.script(*[Answer(delay=timedelta(hours=1))] * PAUSE_AFTER)
    for _ in range(2 * PAUSE_AFTER):
        _settle(database, site_id)

    patient = {"deliver_at_once": 2 * PAUSE_AFTER, "deliver_timeout": timedelta(seconds=2)}
    delivery.deliver_batch(database, settings.model_copy(update=patient))

    stored = _stored(database, endpoint)
    assert sum(attempt.status_code is None for attempt in _deliveries(database)) == PAUSE_AFTER
    assert (stored.failures, stored.failing_since, stored.paused_until) == (0, None, None)


def test_a_receiver_that_is_back_gets_all_that_waited(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.otherwise = Answer(500)
    events = {str(_settle(database, site_id).id) for _ in range(3 * PAUSE_AFTER)}
    delivery.deliver_batch(database, settings)
    receiver.otherwise = Answer(204)
    receiver.requests.clear()

    _make_due(database)
    while delivery.deliver_batch(database, settings):
        pass

    assert {request.headers["webhook-id"] for request in receiver.requests} == events
    stored = _stored(database, endpoint)
    assert (stored.failures, stored.failing_since) == (0, None)


def test_an_endpoint_that_has_only_failed_for_days_is_disabled_with_a_notice(
    database: Database, settings: Settings, receiver: Receiver, event: Event, endpoint: Endpoint
) -> None:
    receiver.otherwise = Answer(500)
    delivery.deliver_batch(database, settings)
    still_enabled = _stored(database, endpoint)
    _let_it_fail_since(database, endpoint, settings.webhook_disable_after)
    _make_due(database)

    with structlog.testing.capture_logs() as logged:
        delivery.deliver_batch(database, settings)

    stored = _stored(database, endpoint)
    assert (still_enabled.disabled_at, still_enabled.failing_since is None) == (None, False)
    assert stored.disabled_at is not None
    assert (stored.disabled_reason or "").startswith("Every attempt since 20")
    [notice] = [entry for entry in logged if entry["event"] == "endpoint.disabled"]
    assert (notice["endpoint_id"], notice["log_level"]) == (str(endpoint.id), "warning")
    _make_due(database)
    assert delivery.deliver_batch(database, settings) == 0
    assert _rows(database) == []


def test_one_success_clears_the_clock(
    database: Database, settings: Settings, receiver: Receiver, event: Event, endpoint: Endpoint
) -> None:
    receiver.script(Answer(500), Answer(204), Answer(500))
    delivery.deliver_batch(database, settings)
    _let_it_fail_since(database, endpoint, 2 * settings.webhook_disable_after)
    _make_due(database)
    delivery.deliver_batch(database, settings)
    _settle(database, event.site_id)

    delivery.deliver_batch(database, settings)

    stored = _stored(database, endpoint)
    assert (stored.disabled_at, stored.failures) == (None, 1)


@pytest.mark.usefixtures("event")
def test_a_slow_receiver_holds_its_own_place_not_the_courier(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID
) -> None:
    slow = _slow_receiver(database, site_id)
    _settle(database, site_id)
    thread = _in_background(lambda: delivery.deliver_batch(database, settings))
    slow.wait_for(lambda requests: len(requests) == 1)

    # Owed only now, while the step waits for the slow one.
    later = _settle(database, site_id)
    receiver.wait_for(lambda requests: str(later.id) in {request.headers["webhook-id"] for request in requests})

    assert thread.is_alive()
    slow.stop()
    thread.join()


def test_what_is_owed_to_one_endpoint_is_under_way_a_few_at_a_time(
    database: Database, settings: Settings, receiver: Receiver, site_id: UUID, endpoint: Endpoint
) -> None:
    receiver.otherwise = Answer(delay=timedelta(hours=1))
    for _ in range(6):
        _settle(database, site_id)
    thread = _in_background(lambda: delivery.deliver_batch(database, settings))

    receiver.wait_for(lambda requests: len(requests) == settings.deliver_at_once)
    with database.reading() as session:
        assert [row.due_at <= db.now(session) for row in _rows(database)].count(True) == 2

    receiver.stop()
    thread.join()


def test_a_redelivery_goes_out_though_the_endpoint_is_paused(
    database: Database, settings: Settings, receiver: Receiver, event: Event, endpoint: Endpoint
) -> None:
    receiver.script(Answer(429), Answer(204))
    delivery.deliver_batch(database, settings)

    with database.transaction() as session:
        webhooks.redeliver(session, event.site_id, session.exec(select(Delivery.id)).one())
    delivery.deliver_batch(database, settings)

    assert [attempt.status_code for attempt in _deliveries(database)] == [429, 204]


class _Background(threading.Thread):
    """Keeps what its work has raised."""

    def __init__(self, work: Any) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.failed: Exception | None = None

    def run(self) -> None:
        try:
            self.work()
        except Exception as error:  # noqa: BLE001 - shown by the test
            self.failed = error


def _in_background(work: Any) -> _Background:
    thread = _Background(work)
    thread.start()
    return thread


def _failed(status: int, retry_after: str | None = None) -> Outcome:
    return Outcome(NOW, 1, outbound.Answer(status, "", retry_after))


def _slow_receiver(database: Database, site_id: UUID) -> Receiver:
    """One more of the site's, which takes what is posted and never answers."""
    slow = Receiver(otherwise=Answer(delay=timedelta(hours=1)))
    slow.start()
    with database.transaction() as session:
        webhooks.create(session, site_id, slow.url, allow_private=True)
    return slow


def _settle(database: Database, site_id: UUID) -> Event:
    """A comment, decided; the event that tells it."""
    with database.transaction() as session:
        comment = submissions.submit(session, site_id, Submission(text="Grüße"))
        session.execute(delete(OutboxRow).where(col(OutboxRow.topic) == Topic.SCORE))
        comments.settle(session, [Settlement(comment.id, comment.revision, policy.unscored("a test"))])
        session.flush()
        return session.exec(select(Event).where(col(Event.comment_id) == comment.id)).one()


def _deliveries(database: Database) -> Sequence[Delivery]:
    with database.reading() as session:
        return session.exec(select(Delivery).order_by(col(Delivery.attempt), col(Delivery.id))).all()


def _rows(database: Database) -> Sequence[OutboxRow]:
    with database.reading() as session:
        return session.exec(select(OutboxRow).where(col(OutboxRow.topic) == Topic.DELIVER)).all()


def _stored(database: Database, endpoint: Endpoint) -> Endpoint:
    with database.reading() as session:
        return session.get_one(Endpoint, endpoint.id)


def _let_it_fail_since(database: Database, endpoint: Endpoint, time: timedelta) -> None:
    """As if its first failure had been so long ago."""
    with database.transaction() as session:
        session.get_one(Endpoint, endpoint.id).failing_since = db.now(session) - time


def _make_due(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(OutboxRow).values(due_at=db.now(session) - timedelta(seconds=1)))
        session.execute(update(Endpoint).values(paused_until=None))


def _rotate(database: Database, endpoint: Endpoint, overlap: timedelta) -> str:
    with database.transaction() as session:
        signing_keys.rotate(session, session.get_one(Endpoint, endpoint.id), overlap=overlap)
    return _secret(database, endpoint)


def _secret(database: Database, endpoint: Endpoint) -> str:
    with database.reading() as session:
        secret = signing_keys.shared_secret(session, endpoint)
    assert secret
    return secret


def _verifies(secret: str, receiver: Receiver) -> bool:
    [request] = receiver.requests
    try:
        standardwebhooks.Webhook(secret).verify(request.body, dict(request.headers))
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def _hang_lookups(monkeypatch: pytest.MonkeyPatch, name: str) -> threading.Event:
    """A name server that does not answer for `name` until the event is set."""
    answering = threading.Event()
    true_getaddrinfo = socket.getaddrinfo

    def resolve(host: Any, *rest: Any, **named: Any) -> Any:
        if host == name:
            answering.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return true_getaddrinfo(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return answering
