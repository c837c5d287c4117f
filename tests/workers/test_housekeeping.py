"""Housekeeping: what is kept no longer goes, and nothing else."""

import threading
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from service.core import (
    console_sessions,
    db,
    insights,
    invitations,
    moderators,
    outbox,
    spot_checks,
    submissions,
    throttle,
    webhooks,
)
from service.core.db import Database
from service.core.models import (
    AccountEntry,
    AuditEntry,
    Comment,
    ConsoleSession,
    Delivery,
    Event,
    IdempotencyKey,
    Imprint,
    InsightDay,
    Invitation,
    LoginThrottle,
    Mail,
    MailKind,
    OutboxRow,
    PendingLogin,
    Role,
    Site,
    SpotCheck,
    Status,
    utc_now,
)
from service.core.queue import Topic
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.core.held import decide, publish
from workers import housekeeping

DAY = timedelta(days=1)


def _tidy(database: Database, **settings: Any) -> Counter[str]:
    removed = housekeeping.tidy(database, Settings(**settings, _env_file=None), threading.Event())
    return +removed


def _submit(database: Database, site_id: UUID, days: float, **fields: Any) -> UUID:
    """A comment that came so many days ago, with an id of that time."""
    at = utc_now() - days * DAY
    values = Submission.model_validate({"text": "Thank you.", "author_ip": "203.0.113.7", **fields}).model_dump()
    row = Comment(id=_id(days), site_id=site_id, created_at=at, text_fingerprint=0, **values)
    with database.transaction() as session:
        session.add(row)
    return row.id


def _id(days: float) -> UUID:
    return UUID(int=db.first_id(utc_now() - days * DAY).int | (db.new_id().int & ((1 << 80) - 1)))


def _decide(database: Database, comment_id: UUID, status: Status, days: float) -> None:
    decided = {"status": status, "decided_at": utc_now() - days * DAY, "decided_by": "policy"}
    with database.transaction() as session:
        session.execute(update(Comment).where(col(Comment.id) == comment_id).values(**decided))


def _ids(database: Database) -> set[UUID]:
    with database.reading() as session:
        return set(session.exec(select(Comment.id)))


def test_days_that_are_over_are_counted(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        session.get_one(Site, site_id).created_at = utc_now() - 3 * DAY

    housekeeping.count_days(database, threading.Event())

    with database.reading() as session:
        counted = {row.day for row in session.exec(select(InsightDay))}
        assert insights.due(session) == []
    assert (utc_now() - 2 * DAY).date() in counted


def test_invitations_go_when_they_expire(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for email, days in (("old@example.org", -1), ("new@example.org", 1)):
            invitations.invite(session, site_id, email, Role.VIEWER, "moderator:mo")
            session.flush()
            session.exec(select(Invitation).where(col(Invitation.email) == email)).one().expires_at = (
                utc_now() + days * DAY
            )

    assert _tidy(database)["invitations"] == 1
    with database.reading() as session:
        assert [row.email for row in invitations.listed(session, site_id)] == ["new@example.org"]


def test_a_spot_check_is_offered_for_a_week(database: Database, site_id: UUID) -> None:
    old, young, checked = (publish(database, site_id) for _ in range(3))
    with database.transaction() as session:
        spot_checks.draw(session, [old, young, checked], {site_id: 1.0})
        week_ago = db.now(session) - spot_checks.OFFERED_FOR
        for comment in (old, checked):
            session.get_one(SpotCheck, comment.id).drawn_at = week_ago
    decide(database, checked, "moderator:mo")

    assert _tidy(database)["spot_checks"] == 1
    with database.reading() as session:
        assert set(session.exec(select(SpotCheck.comment_id))) == {young.id, checked.id}


def test_mails_that_could_not_be_sent_are_forgotten(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for days in (2, 4):
            at = utc_now() - days * DAY
            session.add(Mail(kind=MailKind.DIGEST, site_id=site_id, created_at=at, due_at=at))

    assert _tidy(database)["mails"] == 1


def test_by_default_no_comment_goes(database: Database, site_id: UUID) -> None:
    _decide(database, _submit(database, site_id, 4000), Status.APPROVED, 4000)

    assert "comments" not in _tidy(database)
    assert len(_ids(database)) == 1


def test_comments_go_so_long_after_they_were_decided(database: Database, site_id: UUID) -> None:
    old, older, recent = (_submit(database, site_id, 400) for _ in range(3))
    _decide(database, old, Status.APPROVED, 366)
    _decide(database, older, Status.REJECTED, 399)
    _decide(database, recent, Status.APPROVED, 364)

    assert _tidy(database, keep_comments_days=365)["comments"] == 2

    assert _ids(database) == {recent}
    with database.reading() as session:
        gone = session.exec(select(AuditEntry)).all()
    assert {(entry.comment_id, entry.actor, entry.action) for entry in gone} == {
        (one, "retention", "erase") for one in (old, older)
    }


@pytest.mark.parametrize("status", [Status.PENDING, Status.HELD])
def test_a_comment_that_waits_for_a_decision_stays(database: Database, site_id: UUID, status: Status) -> None:
    waiting = _submit(database, site_id, 4000)
    _decide(database, waiting, status, 4000)

    _tidy(database, keep_comments_days=1)

    assert _ids(database) == {waiting}


def test_more_than_a_batch_goes_in_one_round(
    database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.core.erasure.BATCH", 2)
    for _ in range(5):
        _decide(database, _submit(database, site_id, 10), Status.APPROVED, 10)

    assert _tidy(database, keep_comments_days=1, keep_traces_days=1)["comments"] == 5


def test_a_comment_s_traces_in_the_network_are_emptied_after_a_month(
    database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.core.erasure.BATCH", 2)
    for days in (29, 31, 32, 400, 400):
        _submit(database, site_id, days, user_agent="Mozilla/5.0", referrer="https://a.example", author_name="Aiko")

    assert _tidy(database)["traces"] == 4
    assert _tidy(database) == {}

    with database.reading() as session:
        rows = session.exec(select(Comment).order_by(col(Comment.id))).all()
    assert [(row.author_ip, row.user_agent, row.referrer) for row in rows[:4]] == [(None, None, None)] * 4
    assert rows[4].author_ip == "203.0.113.7"
    assert {row.author_name for row in rows} == {"Aiko"}


def test_traces_are_kept_when_the_deployment_says_so(database: Database, site_id: UUID) -> None:
    _submit(database, site_id, 4000)

    assert _tidy(database, keep_traces_days=None) == {}


def test_old_events_go_with_their_deliveries_and_what_is_still_owed_stays(database: Database, site_id: UUID) -> None:
    events = {}
    with database.transaction() as session:
        endpoint = webhooks.create(session, site_id, "https://blog.example.org/", allow_private=False)
        for name, days in (("old", 31), ("owed", 31), ("recent", 29)):
            event = Event(id=_id(days), site_id=site_id, type="ping", body="{}", created_at=utc_now() - days * DAY)
            session.add(event)
            session.flush()
            attempt: dict[str, Any] = {"event_id": event.id, "endpoint_id": endpoint.id, "attempt": 1, "duration_ms": 1}
            session.add(Delivery(site_id=site_id, **attempt))
            events[name] = event.id
        outbox.put(session, Topic.DELIVER, events["owed"], endpoint.id)

    assert _tidy(database) == {"events": 1}

    with database.reading() as session:
        assert set(session.exec(select(Event.id))) == {events["owed"], events["recent"]}
        assert set(session.exec(select(Delivery.event_id))) == {events["owed"], events["recent"]}
        assert len(session.exec(select(OutboxRow)).all()) == 1


def test_an_idempotency_key_is_remembered_for_a_day(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for hours in (23, 25, 200):
            submissions.submit(session, site_id, Submission(text="Thank you."), f"key {hours}")
            session.get_one(IdempotencyKey, (site_id, f"key {hours}")).created_at -= timedelta(hours=hours)

    assert _tidy(database) == {"idempotency_keys": 2}

    with database.reading() as session:
        assert session.exec(select(IdempotencyKey.key)).all() == ["key 23"]


def test_the_audit_log_stays_unless_the_deployment_says_otherwise(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        mia = moderators.create(session, "mia@example.org", "Mia", "a long password")
    for days in (400, 300):
        entry: dict[str, Any] = {"comment_id": db.new_id(), "actor": "policy", "action": "settle", "sequence": 1}
        with database.transaction() as session:
            session.add(AuditEntry(id=_id(days), site_id=site_id, at=utc_now() - days * DAY, **entry))
            session.add(AccountEntry(id=_id(days), moderator_id=mia.id, action="sessions_ended", actor="operator"))

    assert _tidy(database) == {}
    assert _tidy(database, keep_audit_days=365) == {"audit": 1, "account_entries": 1}


def test_sessions_that_have_ended_and_counts_that_mean_nothing_go(database: Database) -> None:
    with database.transaction() as session:
        mia = moderators.create(session, "mia@example.org", "Mia", "a long password")
        for _ in range(3):
            console_sessions.begin(session, mia)
        for _ in range(2):
            console_sessions.await_code(session, mia)
        throttle.count(session, throttle.Attempt.of("mia@example.org", "203.0.113.7"))
        idle, long, _ = session.exec(select(ConsoleSession)).all()
        idle.seen_at -= timedelta(minutes=31)
        long.created_at -= timedelta(hours=13)
        late, _ = session.exec(select(PendingLogin)).all()
        late.created_at -= timedelta(minutes=6)
        for row in session.exec(select(LoginThrottle)):
            row.failed_at -= timedelta(minutes=16)

    assert _tidy(database) == {"console_sessions": 2, "pending_logins": 1, "login_throttle": 3}
    assert _tidy(database) == {}


def test_it_ends_when_it_is_told_to(database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    seen: list[int] = []

    def tidy(*_: object) -> Counter[str]:
        seen.append(1)
        stop.set()
        return Counter()

    monkeypatch.setattr(housekeeping, "tidy", tidy)
    housekeeping.run(database, Settings(_env_file=None), stop)

    assert seen == [1]


def test_a_round_that_fails_is_not_the_last(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    seen: list[int] = []

    def tidy(*_: object) -> Counter[str]:
        seen.append(1)
        if len(seen) == 1:
            raise RuntimeError("a bug")
        stop.set()
        return Counter()

    monkeypatch.setattr(housekeeping, "tidy", tidy)
    monkeypatch.setattr(housekeeping, "_EVERY", timedelta(milliseconds=1))
    monkeypatch.setattr(housekeeping, "_ROUND", timedelta(milliseconds=1))
    housekeeping.run(database, Settings(_env_file=None), stop)

    assert seen == [1, 1]


def test_imprints_of_comments_older_than_a_week_are_removed(database: Database, site_id: UUID) -> None:
    old, recent = (_submit(database, site_id, days) for days in (8, 6))
    with database.transaction() as session:
        for comment_id in (old, recent):
            session.add_all(Imprint(comment_id=comment_id, hash=number, site_id=site_id) for number in range(3))

    removed = _tidy(database)

    assert removed["imprints"]
    with database.reading() as session:
        assert session.scalars(select(Imprint.comment_id).distinct()).all() == [recent]
