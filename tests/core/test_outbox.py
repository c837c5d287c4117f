"""The outbox: every row is worked on by one at a time, never lost, and the oldest first."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlmodel import col

from service.core import db, outbox
from service.core.db import Database
from service.core.models import Endpoint, OutboxRow
from service.core.queue import Topic
from tests.core.crowds import at_once

LEASE = timedelta(minutes=1)


def _put(database: Database, count: int = 1) -> list[UUID]:
    subjects = [db.new_id() for _ in range(count)]
    with database.transaction() as session:
        for subject in subjects:
            outbox.put(session, Topic.SCORE, subject)
    return subjects


def _claim(database: Database, limit: int = 10, topic: Topic = Topic.SCORE) -> list[OutboxRow]:
    with database.transaction() as session:
        return outbox.claim(session, topic, limit, LEASE)


def _let_time_pass(database: Database, by: timedelta) -> None:
    """What was due in an hour is due an hour earlier: time is a column."""
    with database.transaction() as session:
        for row in session.scalars(select(OutboxRow)):
            row.due_at -= by


def _count(database: Database) -> int:
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(OutboxRow)).one()


def test_a_row_is_due_at_once_and_claimed_once(database: Database) -> None:
    (subject,) = _put(database)

    first, second = _claim(database), _claim(database)

    assert [row.subject_id for row in first] == [subject]
    assert second == []


def test_many_claimers_at_once_share_the_rows_without_overlap(database: Database) -> None:
    subjects = _put(database, 120)

    def work(_: int) -> list[UUID]:
        mine: list[UUID] = []
        while rows := _claim(database, limit=7):
            mine += [row.subject_id for row in rows]
        return mine

    shares = at_once(6, work)

    claimed = [subject for share in shares for subject in share]
    assert sorted(claimed) == sorted(subjects)


def test_a_claimer_does_not_wait_for_another_whose_transaction_is_still_open(postgresql: Database) -> None:
    _put(postgresql, 2)

    with postgresql.transaction() as session:
        (first,) = outbox.claim(session, Topic.SCORE, 1, LEASE)
        (second,) = at_once(1, lambda _: _claim(postgresql))[0]

    assert second.id != first.id


def test_a_claim_takes_no_more_than_its_limit_whatever_the_planner_chooses(postgresql: Database) -> None:
    """A plain `IN (SELECT … LIMIT n FOR UPDATE SKIP LOCKED)` takes more when PostgreSQL nests it in a loop."""
    _put(postgresql, 30)

    with postgresql.transaction() as session:
        for choice in ("hashjoin", "mergejoin", "hashagg", "sort", "material", "memoize"):
            session.execute(text(f"SET LOCAL enable_{choice} = off"))
        rows = outbox.claim(session, Topic.SCORE, 4, LEASE)

    assert len(rows) == 4


def test_the_oldest_rows_are_claimed_first(database: Database) -> None:
    subjects = [_put(database)[0] for _ in range(5)]

    claimed = [[row.subject_id for row in _claim(database, limit=2)] for _ in range(3)]

    assert claimed == [subjects[:2], subjects[2:4], subjects[4:]]


def test_a_row_of_another_topic_is_left_alone(database: Database) -> None:
    _put(database)

    assert _claim(database, topic=Topic.DELIVER) == []


def test_a_row_is_due_again_after_its_lease_and_not_before(database: Database) -> None:
    _put(database)
    (first,) = _claim(database)

    _let_time_pass(database, LEASE - timedelta(seconds=5))
    before = _claim(database)
    _let_time_pass(database, timedelta(seconds=5))
    (after,) = _claim(database)

    assert before == []
    assert after.id == first.id
    assert after.lease != first.lease


def test_every_claim_counts_as_an_attempt(database: Database) -> None:
    _put(database)

    attempts = []
    for _ in range(3):
        attempts += [row.attempts for row in _claim(database)]
        _let_time_pass(database, LEASE)

    assert attempts == [1, 2, 3]


def test_a_finished_row_is_gone(database: Database) -> None:
    _put(database, 2)
    rows = _claim(database)

    with database.transaction() as session:
        finished = outbox.finish(session, rows)

    assert finished == {row.id for row in rows}
    assert _count(database) == 0


def test_finishing_nothing_finishes_nothing(database: Database) -> None:
    _put(database)

    with database.transaction() as session:
        assert outbox.finish(session, []) == set()
    assert _count(database) == 1


def test_a_worker_whose_lease_was_taken_over_can_neither_finish_nor_postpone(database: Database) -> None:
    _put(database)
    late = _claim(database)
    _let_time_pass(database, LEASE)
    (current,) = _claim(database)

    with database.transaction() as session:
        finished = outbox.finish(session, late)
        postponed = outbox.postpone(session, late[0], timedelta(hours=1))

    with database.reading() as session:
        row = session.get_one(OutboxRow, current.id)
    assert finished == set()
    assert not postponed
    assert (row.lease, row.due_at) == (current.lease, current.due_at)


def test_a_worker_finishes_what_is_still_its_own_of_a_batch(database: Database) -> None:
    _put(database, 3)
    rows = _claim(database)
    with database.transaction() as session:
        session.execute(update(OutboxRow).where(col(OutboxRow.id) == rows[1].id).values(lease=db.new_id()))

    with database.transaction() as session:
        finished = outbox.finish(session, rows)

    assert finished == {rows[0].id, rows[2].id}


def test_of_two_who_finish_at_once_one_does(database: Database) -> None:
    _put(database)
    rows = _claim(database)

    def finish(_: int) -> int:
        with database.transaction() as session:
            return len(outbox.finish(session, rows))

    assert sorted(at_once(2, finish)) == [0, 1]


def test_a_postponed_row_is_due_after_the_delay(database: Database) -> None:
    _put(database)
    (row,) = _claim(database)

    with database.transaction() as session:
        postponed = outbox.postpone(session, row, timedelta(hours=2))
    _let_time_pass(database, timedelta(hours=1))
    early = _claim(database)
    _let_time_pass(database, timedelta(hours=1))
    (late,) = _claim(database)

    assert postponed
    assert early == []
    assert (late.id, late.attempts) == (row.id, 2)


def test_what_was_postponed_is_not_finished_by_the_same_lease(database: Database) -> None:
    _put(database)
    (row,) = _claim(database)

    with database.transaction() as session:
        outbox.postpone(session, row, timedelta(hours=2))
        finished = outbox.finish(session, [row])

    assert finished == set()
    assert _count(database) == 1


def test_a_claim_that_is_rolled_back_never_was(database: Database) -> None:
    _put(database)
    with database.reading() as session:  # it ends without a commit, like a worker that is killed
        outbox.claim(session, Topic.SCORE, 1, LEASE)

    (row,) = _claim(database)

    assert row.attempts == 1


def test_the_lag_is_the_age_of_the_oldest_due_row_of_each_topic(database: Database) -> None:
    _put(database, 2)
    _let_time_pass(database, timedelta(seconds=40))
    _put(database)

    with database.transaction() as session:
        lag = outbox.lag(session)

    assert lag.keys() == {Topic.SCORE}
    assert timedelta(seconds=40) <= lag[Topic.SCORE] < timedelta(seconds=50)


def test_a_row_that_is_being_worked_on_makes_no_lag(database: Database) -> None:
    _put(database)
    _claim(database)

    with database.transaction() as session:
        assert outbox.lag(session) == {}


def test_what_is_owed_for_an_erased_subject_is_forgotten(database: Database) -> None:
    erased, kept = _put(database, 2)

    with database.transaction() as session:
        outbox.forget(session, [erased])

    assert [row.subject_id for row in _claim(database)] == [kept]


def test_forgetting_does_not_wait_for_the_worker_that_has_the_row(postgresql: Database) -> None:
    """It would wait with the comment locked, while the worker with its row locked waits for the comment."""
    (subject,) = _put(postgresql)
    rows = _claim(postgresql)

    with postgresql.transaction() as working:
        outbox.finish(working, rows)
        with postgresql.transaction() as erasing:
            erasing.execute(text("SET LOCAL lock_timeout = '2s'"))
            outbox.forget(erasing, [subject])

    assert _count(postgresql) == 0


def test_what_an_endpoint_was_owed_goes_with_the_endpoint(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        session.add(endpoint := Endpoint(site_id=site_id, url="https://blog.example.org/"))
        session.flush()
        outbox.put(session, Topic.DELIVER, db.new_id(), endpoint.id)

    with database.transaction() as session:
        session.delete(session.get_one(Endpoint, endpoint.id))

    assert _count(database) == 0


def _put_waiting(database: Database, count: int = 1) -> list[UUID]:
    subjects = [db.new_id() for _ in range(count)]
    with database.transaction() as session:
        outbox.put_all(session, Topic.SCORE, [(subject, None) for subject in subjects], can_wait=True)
    return subjects


def _claim_waiting(database: Database, limit: int = 10) -> list[OutboxRow]:
    with database.transaction() as session:
        return outbox.claim_waiting(session, Topic.SCORE, limit, LEASE)


def test_what_can_wait_is_never_due_and_makes_nobody_late(database: Database) -> None:
    _put_waiting(database)

    with database.reading() as session:
        assert (outbox.waited(session, Topic.SCORE), outbox.lag(session)) == (None, {})
        assert outbox.anything_waits(session, Topic.SCORE)
        assert not outbox.anything_waits(session, Topic.DELIVER)
    assert _claim(database) == []


def test_what_can_wait_is_claimed_apart_and_once(database: Database) -> None:
    _put(database)
    (waiting,) = _put_waiting(database)

    first, second = _claim_waiting(database), _claim_waiting(database)

    assert [row.subject_id for row in first] == [waiting]
    assert second == []


def test_what_could_wait_and_was_claimed_in_vain_is_due_like_all_else(database: Database) -> None:
    (waiting,) = _put_waiting(database)
    _claim_waiting(database)

    _let_time_pass(database, LEASE)

    assert [row.subject_id for row in _claim(database)] == [waiting]
