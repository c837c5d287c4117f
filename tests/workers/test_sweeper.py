"""The sweeper: what was not heard is rung again, and what nobody does it does itself."""

import threading
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import update
from sqlmodel import select

from service.core import db, outbox, submissions, webhooks
from service.core.db import Database, create_engine
from service.core.mail import owed
from service.core.models import Comment, MailKind, OutboxRow, Status
from service.core.queue import Topic
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.core.held import employ, hold
from tests.servers.mail import MailServer
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.receiver import Answer, Receiver
from tests.servers.waiting import eventually
from workers import scoring, steps, sweeper
from workers.scorers import load_scorer


class CountingBell:
    def __init__(self) -> None:
        self.rings: list[Topic] = []

    def ring(self, topic: Topic) -> None:
        self.rings.append(topic)


@pytest.fixture
def bell(database: Database) -> CountingBell:
    """Nobody answers it."""
    bell = CountingBell()
    database.bell = bell
    return bell


@pytest.fixture
def without_engine(settings: Settings, tmp_path: Path) -> Settings:
    """An engine whose files are not there."""
    return settings.model_copy(update={"engine": "detoxify", "detoxify_folder": tmp_path / "nowhere"})


def sweep(database: Database, settings: Settings) -> int:
    """Every topic once."""
    found = steps.of(database, settings, lambda: load_scorer(settings))
    return sum(sweeper.sweep(database, settings, topic, step) for topic, step in found.items())


def test_nothing_due_rings_nothing(database: Database, settings: Settings, bell: CountingBell) -> None:
    sweep(database, settings)

    assert bell.rings == []


def test_each_topic_with_due_rows_is_rung_for(
    database: Database, settings: Settings, bell: CountingBell, site_id: UUID
) -> None:
    _submit(database, site_id)
    _ping(database, site_id, "https://blog.example/")
    bell.rings.clear()

    sweep(database, settings)

    assert sorted(bell.rings) == [Topic.DELIVER, Topic.SCORE]


def test_rows_in_a_workers_hands_are_not_rung_for(
    database: Database, settings: Settings, bell: CountingBell, site_id: UUID
) -> None:
    _submit(database, site_id)
    bell.rings.clear()
    _move_due(database, timedelta(minutes=1))

    sweep(database, settings)

    assert bell.rings == []


def test_what_has_not_waited_for_long_is_left_to_the_workers(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id)
    _move_due(database, timedelta(seconds=1) - settings.drain_after)

    sweep(database, settings)

    assert _status(database, comment_id) == Status.PENDING


def test_comments_that_nobody_scores_are_scored_by_the_sweeper(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id)
    _move_due(database, -settings.drain_after)

    sweep(database, settings)

    assert _status(database, comment_id) == Status.APPROVED


def test_webhooks_that_nobody_delivers_are_delivered_by_the_sweeper(
    database: Database, settings: Settings, site_id: UUID, receiver: Receiver
) -> None:
    _ping(database, site_id, receiver.url)
    _move_due(database, -settings.drain_after)

    sweep(database, settings)

    assert [request.json["type"] for request in receiver.requests] == ["ping"]


def test_what_can_wait_is_rung_for_and_left_to_the_workers(
    database: Database, settings: Settings, site_id: UUID, bell: CountingBell
) -> None:
    comment_id = _submit_waiting(database, site_id)
    bell.rings.clear()

    sweep(database, settings)

    assert bell.rings == [Topic.SCORE]
    assert _status(database, comment_id) == Status.PENDING


def test_without_an_engine_a_comment_waits(database: Database, without_engine: Settings, site_id: UUID) -> None:
    comment_id = _submit(database, site_id)
    _move_due(database, timedelta(seconds=10) - without_engine.score_within)

    sweep(database, without_engine)

    assert _status(database, comment_id) == Status.PENDING
    with database.reading() as session:
        assert session.exec(select(OutboxRow.attempts)).one() == 0


def test_without_an_engine_an_overdue_comment_is_held_for_a_human(
    database: Database, without_engine: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id)
    _move_due(database, -without_engine.score_within)

    sweep(database, without_engine)

    with database.reading() as session:
        comment = session.get_one(Comment, comment_id)
    assert comment.status == Status.HELD
    assert (comment.verdict or {})["reasons"] == [scoring.LATE]


def test_without_an_engine_webhooks_still_go_out(
    database: Database, without_engine: Settings, site_id: UUID, receiver: Receiver
) -> None:
    _submit(database, site_id)
    _ping(database, site_id, receiver.url)
    _move_due(database, -without_engine.score_within)

    sweep(database, without_engine)

    assert "ping" in [request.json["type"] for request in receiver.requests]


def test_a_slow_receiver_holds_back_no_decision(
    database: Database, settings: Settings, site_id: UUID, receiver: Receiver
) -> None:
    receiver.otherwise = Answer(delay=timedelta(seconds=60))
    _ping(database, site_id, receiver.url)
    comment_id = _submit(database, site_id)
    _move_due(database, -settings.drain_after)
    patient = settings.model_copy(update={"deliver_timeout": timedelta(seconds=60)})
    stop = threading.Event()
    thread = threading.Thread(target=sweeper.run, args=(database, patient, stop))

    thread.start()
    eventually(lambda: receiver.requests)
    eventually(lambda: _status(database, comment_id) == Status.APPROVED, within=timedelta(seconds=40))

    assert thread.is_alive()
    receiver.stop()
    stop.set()
    thread.join()


def test_it_sends_mails_beside(database: Database, settings: Settings, site_id: UUID) -> None:
    mira = employ(database, "mira", site_id)
    hold(database, site_id)
    with database.transaction() as session:
        owed.owe(session, MailKind.DIGEST, site_id, mira.id)
    stop = threading.Event()
    with MailServer().running() as to:
        mailing = settings.model_copy(update={"smtp_url": SecretStr(to.url), "mail_from": "gate@post.example"})
        thread = threading.Thread(target=sweeper.run, args=(database, mailing, stop))
        thread.start()
        eventually(lambda: to.mails)
        stop.set()
        thread.join()


def test_a_stopped_sweeper_ends(database: Database, settings: Settings) -> None:
    stop = threading.Event()
    stop.set()

    sweeper.run(database, settings, stop)


def test_a_database_that_was_away_is_swept_again(own_postgresql: OwnPostgreSQL, settings: Settings) -> None:
    bell = CountingBell()
    database = Database(create_engine(own_postgresql.url), bell)
    OutboxRow.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.add(OutboxRow(topic=Topic.SCORE, subject_id=db.new_id(), due_at=db.now(session)))
    quick = settings.model_copy(update={"sweep_every": timedelta(seconds=0.05), "drain_after": timedelta(days=1)})
    stop = threading.Event()
    thread = threading.Thread(target=sweeper.run, args=(database, quick, stop))
    thread.start()
    eventually(lambda: bell.rings)

    own_postgresql.kill()
    bell.rings.clear()
    own_postgresql.start()

    eventually(lambda: bell.rings, within=timedelta(seconds=20))
    stop.set()
    thread.join()
    database.engine.dispose()


def _submit(database: Database, site_id: UUID) -> UUID:
    with database.transaction() as session:
        text = "Thank you for this piece; the letters of 1839 read quite differently now."
        return submissions.submit(session, site_id, Submission(text=text)).id


def _submit_waiting(database: Database, site_id: UUID) -> UUID:
    comment_id = _submit(database, site_id)
    with database.transaction() as session:
        outbox.forget(session, [comment_id])
        outbox.put_all(session, Topic.SCORE, [(comment_id, None)], can_wait=True)
    return comment_id


def _ping(database: Database, site_id: UUID, url: str) -> None:
    with database.transaction() as session:
        webhooks.ping(session, webhooks.create(session, site_id, url, allow_private=True))


def _move_due(database: Database, from_now: timedelta) -> None:
    with database.transaction() as session:
        at = db.now(session) + from_now
        # What has been due for a while was put in before.
        session.execute(update(OutboxRow).values(due_at=at, created_at=min(at, db.now(session))))


def _status(database: Database, comment_id: UUID) -> Status:
    with database.reading() as session:
        return session.get_one(Comment, comment_id).status
