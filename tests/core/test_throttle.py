"""Failed logins are counted: who guesses has to wait, and nobody locks out another."""

from datetime import timedelta

import pytest
from sqlmodel import select

from service.core import errors, throttle
from service.core.db import Database
from service.core.models import LoginThrottle
from service.core.throttle import Attempt
from tests.core.crowds import at_once

MIA, HOME = "mia@example.org", "203.0.113.7"


def _fail(database: Database, email: str = MIA, address: str = HOME) -> bool:
    """Whether a failed login was let through to the password."""
    try:
        with database.transaction() as session:
            throttle.count(session, Attempt.of(email, address))
    except errors.ThrottledError:
        return False
    return True


def _succeed(database: Database, email: str = MIA, address: str = HOME) -> None:
    with database.transaction() as session:
        throttle.count(session, Attempt.of(email, address))
        throttle.succeed(session, Attempt.of(email, address))


def _fail_from_everywhere(database: Database, times: int) -> int:
    return sum(_fail(database, address=f"198.51.{number // 200}.{number % 200 + 1}") for number in range(times))


def _wait(database: Database, length: timedelta) -> None:
    with database.transaction() as session:
        for row in session.exec(select(LoginThrottle)):
            row.failed_at -= length
            row.succeeded_at = row.succeeded_at and row.succeeded_at - length


def test_after_five_failures_the_sixth_is_not_looked_at(database: Database) -> None:
    assert [_fail(database) for _ in range(7)] == [True] * 5 + [False] * 2


def test_of_many_at_once_no_more_pass_than_one_by_one(database: Database) -> None:
    assert sum(at_once(20, lambda _: _fail(database))) == 5


def test_a_quarter_of_an_hour_later_there_are_five_more(database: Database) -> None:
    for _ in range(9):
        _fail(database)

    _wait(database, timedelta(minutes=14))
    assert not _fail(database)
    _wait(database, timedelta(minutes=1, seconds=1))

    assert [_fail(database) for _ in range(6)] == [True] * 5 + [False]


def test_slow_guesses_are_counted_too(database: Database) -> None:
    passed = []
    for _ in range(6):
        _wait(database, timedelta(minutes=14))
        passed.append(_fail(database))

    assert passed == [True] * 5 + [False]


def test_a_right_password_forgives_the_mistakes_before(database: Database) -> None:
    for _ in range(4):
        _fail(database)
    _succeed(database)

    assert [_fail(database) for _ in range(6)] == [True] * 5 + [False]


def test_who_fails_elsewhere_does_not_lock_the_moderator_out(database: Database) -> None:
    for _ in range(20):
        _fail(database, address="198.51.100.1")

    assert _fail(database)


def test_the_address_is_typed_in_one_way_or_another(database: Database) -> None:
    for email in ("mia@example.org", "MIA@example.org", " Mia@Example.ORG\n", MIA, MIA):
        _fail(database, email)

    assert not _fail(database)


def test_an_address_that_tries_many_accounts_has_to_wait(database: Database) -> None:
    tried = [_fail(database, f"{number}@example.org") for number in range(throttle.ADDRESS_LIMIT + 1)]

    assert tried == [True] * throttle.ADDRESS_LIMIT + [False]
    assert _fail(database, address="198.51.100.1")


def test_one_customer_s_ipv6_addresses_count_as_one(database: Database) -> None:
    tried = [_fail(database, address=f"2001:db8::{number:x}") for number in range(6)]

    assert tried == [True] * 5 + [False]
    assert _fail(database, address="2001:db8:0:1::1")


def test_an_ipv4_address_in_ipv6_s_clothes_is_the_same(database: Database) -> None:
    assert Attempt.of(MIA, f"::ffff:{HOME}") == Attempt.of(MIA, HOME)


def test_many_addresses_that_guess_one_account_have_to_wait(database: Database) -> None:
    assert _fail_from_everywhere(database, throttle.ACCOUNT_LIMIT + 20) == throttle.ACCOUNT_LIMIT
    assert _fail(database, "noor@example.org", "198.51.100.77")


def test_meanwhile_the_moderator_gets_in_from_where_they_were_before(database: Database) -> None:
    _succeed(database)
    _fail_from_everywhere(database, throttle.ACCOUNT_LIMIT + 20)

    assert _fail(database)
    assert not _fail(database, address="192.0.2.1")


def test_an_address_is_not_familiar_for_ever(database: Database) -> None:
    _succeed(database)
    _wait(database, throttle.FAMILIAR_FOR + timedelta(minutes=1))
    _fail_from_everywhere(database, throttle.ACCOUNT_LIMIT)

    assert not _fail(database)


def test_a_login_that_found_no_room_has_not_failed(database: Database) -> None:
    for _ in range(9):
        assert _fail(database)
        with database.transaction() as session:
            throttle.take_back(session, Attempt.of(MIA, HOME))


def test_logins_that_succeed_use_up_nobody_s_patience(database: Database) -> None:
    for number in range(throttle.ADDRESS_LIMIT + 10):
        _succeed(database, f"{number}@example.org")

    assert _fail(database)


def test_neither_the_account_nor_the_address_is_stored(database: Database) -> None:
    _succeed(database)

    with database.reading() as session:
        rows = session.exec(select(LoginThrottle)).all()
    assert len(rows) == 3
    assert MIA not in str(rows)
    assert HOME not in str(rows)


def test_what_means_nothing_any_more_is_forgotten(database: Database) -> None:
    _succeed(database)
    _fail(database, "noor@example.org", "192.0.2.1")

    def forget() -> int:
        with database.transaction() as session:
            return throttle.forget(session)

    assert forget() == 0
    _wait(database, timedelta(minutes=16))
    assert forget() == 5
    assert forget() == 0
    _wait(database, throttle.FAMILIAR_FOR)
    assert forget() == 1


@pytest.mark.parametrize(("email", "address"), [("", ""), ("\ud800", "testclient"), ("a" * 10_000, "fe80::1%eth0")])
def test_whatever_was_typed_can_be_counted(database: Database, email: str, address: str) -> None:
    assert [_fail(database, email, address) for _ in range(6)] == [True] * 5 + [False]
