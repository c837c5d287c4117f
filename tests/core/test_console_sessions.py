"""Sessions of the console: how they begin, for how long they last, and how they end."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from service.core import console_sessions, errors, moderators
from service.core.console_sessions import Lifetime, Origin
from service.core.db import Database
from service.core.models import ConsoleSession, Moderator, PendingLogin

LIFETIME = Lifetime(timedelta(minutes=30), timedelta(hours=12))


@pytest.fixture
def mia(database: Database) -> Moderator:
    with database.transaction() as session:
        return moderators.create(session, "mia@example.org", "Mia", "correct horse battery staple")


@pytest.fixture
def noor(database: Database) -> Moderator:
    with database.transaction() as session:
        return moderators.create(session, "noor@example.org", "Noor", "correct horse battery staple")


def _log_in(database: Database, moderator: Moderator, *origin: Origin) -> str:
    with database.transaction() as session:
        return console_sessions.begin(session, moderator, *origin)


def _current(database: Database, token: str) -> str:
    with database.transaction() as session:
        return console_sessions.current(session, token, LIFETIME).name


def _age(database: Database, *, opened: timedelta, seen: timedelta) -> None:
    with database.transaction() as session:
        row = session.exec(select(ConsoleSession)).one()
        row.created_at = datetime.now(UTC) - opened
        row.seen_at = datetime.now(UTC) - seen


def test_whoever_holds_the_token_is_logged_in(database: Database, mia: Moderator) -> None:
    assert _current(database, _log_in(database, mia)) == "Mia"


def test_a_disabled_moderator_does_not_stay_logged_in(database: Database, mia: Moderator) -> None:
    token = _log_in(database, mia)
    with database.transaction() as session:
        moderators.disable(session, mia.email)

    with pytest.raises(errors.UnauthorizedError):
        _current(database, token)


def test_no_token_is_stored(database: Database, mia: Moderator) -> None:
    token = _log_in(database, mia)
    with database.transaction() as session:
        pending = console_sessions.await_code(session, mia)

    with database.engine.connect() as connection:
        stored = str(
            [connection.execute(text(f"SELECT * FROM {t}")).all() for t in ("console_session", "pending_login")]
        )

    assert console_sessions.hash_of(token) in stored
    assert token not in stored
    assert pending not in stored


def test_every_login_has_a_token_and_a_csrf_token_of_its_own(database: Database, mia: Moderator) -> None:
    tokens = {_log_in(database, mia) for _ in range(2)}
    csrf_tokens = {console_sessions.csrf_token(token) for token in tokens}

    assert len(tokens | csrf_tokens) == 4


@pytest.mark.parametrize(
    ("opened", "seen"),
    [
        (timedelta(hours=1), timedelta(minutes=29)),
        (timedelta(hours=11, minutes=59), timedelta(minutes=1)),
    ],
)
def test_a_session_in_use_lasts(database: Database, mia: Moderator, opened: timedelta, seen: timedelta) -> None:
    token = _log_in(database, mia)
    _age(database, opened=opened, seen=seen)

    assert _current(database, token) == "Mia"


@pytest.mark.parametrize(
    ("opened", "seen"),
    [
        (timedelta(hours=1), timedelta(minutes=31)),
        (timedelta(hours=12, minutes=1), timedelta(0)),
    ],
    ids=["idle", "long"],
)
def test_a_session_ends_when_it_was_idle_or_open_for_too_long(
    database: Database, mia: Moderator, opened: timedelta, seen: timedelta
) -> None:
    token = _log_in(database, mia)
    _age(database, opened=opened, seen=seen)

    with pytest.raises(errors.UnauthorizedError):
        _current(database, token)


def test_being_there_keeps_the_session_from_being_idle(database: Database, mia: Moderator) -> None:
    token = _log_in(database, mia)
    _age(database, opened=timedelta(hours=1), seen=timedelta(minutes=29))

    _current(database, token)

    with database.reading() as session:
        seen_at = session.exec(select(ConsoleSession)).one().seen_at
    assert datetime.now(UTC) - seen_at < timedelta(minutes=1)


def test_a_token_that_was_never_issued_opens_nothing(database: Database, mia: Moderator) -> None:
    _log_in(database, mia)

    for token in ("", "never issued", "\0", "\ud800", "x" * 100_000):
        with pytest.raises(errors.UnauthorizedError):
            _current(database, token)


def test_who_logs_out_is_out_and_the_others_stay(database: Database, mia: Moderator) -> None:
    here, elsewhere = _log_in(database, mia), _log_in(database, mia)

    with database.transaction() as session:
        console_sessions.end(session, here)
        console_sessions.end(session, "never issued")

    with pytest.raises(errors.UnauthorizedError):
        _current(database, here)
    assert _current(database, elsewhere) == "Mia"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:7:1:2:3:4:5", "2001:db8:7::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_of_an_address_the_network_alone_is_kept(address: str, network: str) -> None:
    assert Origin.of("Firefox", address) == Origin("Firefox", network)


def test_open_sessions_are_listed_with_where_they_were_begun(
    database: Database, mia: Moderator, noor: Moderator
) -> None:
    _log_in(database, mia, Origin("Old", ""))
    _age(database, opened=timedelta(hours=13), seen=timedelta(0))
    _log_in(database, mia, Origin.of("Firefox" * 100, "203.0.113.9"))
    _log_in(database, noor)

    with database.reading() as session:
        [row] = console_sessions.listed(session, mia.id, LIFETIME)
    assert (row.user_agent[:7], row.network) == ("Firefox", "203.0.113.0/24")


def test_all_but_this_session_end_and_only_the_moderator_s(database: Database, mia: Moderator, noor: Moderator) -> None:
    here, elsewhere, another = (_log_in(database, one) for one in (mia, mia, noor))

    with database.transaction() as session:
        pending = console_sessions.await_code(session, mia)
        console_sessions.end_all(session, mia.id, but=here)

    assert [_current(database, token) for token in (here, another)] == ["Mia", "Noor"]
    for ended in (elsewhere, pending):
        with pytest.raises(errors.UnauthorizedError):
            _current(database, ended)
    with database.reading() as session, pytest.raises(errors.UnauthorizedError):
        console_sessions.awaiting_code(session, pending)


def test_nobody_ends_another_s_session(database: Database, mia: Moderator, noor: Moderator) -> None:
    token = _log_in(database, mia)

    with database.transaction() as session, pytest.raises(errors.NotFoundError):
        console_sessions.end_one(session, noor.id, console_sessions.hash_of(token))

    assert _current(database, token) == "Mia"


def test_a_login_that_awaits_its_code_opens_nothing(database: Database, mia: Moderator) -> None:
    with database.transaction() as session:
        pending = console_sessions.await_code(session, mia)

    with pytest.raises(errors.UnauthorizedError):
        _current(database, pending)
    with database.reading() as session:
        assert console_sessions.awaiting_code(session, pending).name == "Mia"


@pytest.mark.parametrize("why", ["late", "finished", "disabled"])
def test_a_code_comes_within_five_minutes_once_and_from_who_may_log_in(
    database: Database, mia: Moderator, why: str
) -> None:
    with database.transaction() as session:
        pending = console_sessions.await_code(session, mia)
    with database.transaction() as session:
        if why == "late":
            session.exec(select(PendingLogin)).one().created_at -= timedelta(minutes=5)
        elif why == "finished":
            console_sessions.end_pending(session, pending)
        else:
            moderators.disable(session, mia.email)

    with database.reading() as session, pytest.raises(errors.UnauthorizedError):
        console_sessions.awaiting_code(session, pending)
