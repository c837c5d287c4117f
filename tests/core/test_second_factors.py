"""Second factors: which codes are accepted, how often, and what a database tells of them."""

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import text
from sqlmodel import Session

from service.core import account_log, console_sessions, encryption, errors, kept_secrets, moderators, second_factors
from service.core.db import Database
from service.core.encryption import Keyring
from service.core.models import Moderator, SecondFactor
from tests.secret_keys import SECRET_KEYS

NOW = datetime(2026, 11, 26, 12, 0, 7, tzinfo=UTC)
STEP = timedelta(seconds=30)


@pytest.fixture
def mia(database: Database) -> Moderator:
    return _moderator(database, "mia@example.org", "Mia")


def _moderator(database: Database, email: str, name: str) -> Moderator:
    with database.transaction() as session:
        return moderators.create(session, email, name, "correct horse battery staple")


def _at(session: Session, now: datetime) -> Session:
    session.info["now"] = now
    return session


def _secret(database: Database, moderator: Moderator) -> str:
    with database.reading() as session:
        return kept_secrets.text(session, session.get_one(SecondFactor, moderator.id))


def _code(database: Database, moderator: Moderator, at: datetime = NOW) -> str:
    """As an app counts it."""
    totp = TOTP(base64.b32decode(_secret(database, moderator)), 6, SHA1(), 30)
    return totp.generate(at.timestamp()).decode()


def _begin(database: Database, moderator: Moderator) -> None:
    with database.transaction() as session:
        second_factors.begin(session, moderator.id)


def _switch_on(database: Database, moderator: Moderator) -> list[str]:
    """With the code of two steps before `NOW`."""
    _begin(database, moderator)
    code = _code(database, moderator, NOW - 2 * STEP)
    with database.transaction() as session:
        return list(second_factors.switch_on(_at(session, NOW - 2 * STEP), moderator, code))


def _accepts(database: Database, moderator: Moderator, code: str, now: datetime = NOW) -> bool:
    with database.transaction() as session:
        return second_factors.accepts(_at(session, now), moderator, code)


def test_the_codes_are_those_of_the_standard(database: Database, mia: Moderator) -> None:
    """RFC 6238, appendix B, the last six digits."""
    _switch_on(database, mia)
    with database.transaction() as session:
        row = session.get_one(SecondFactor, mia.id)
        row.secret, row.last_step = (
            session.info["keyring"].encrypt(base64.b32encode(b"12345678901234567890").decode()),
            0,
        )

    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert _accepts(database, mia, code, datetime.fromtimestamp(seconds, UTC)), seconds


def test_it_counts_for_nothing_before_its_first_code(database: Database, mia: Moderator) -> None:
    _begin(database, mia)

    with database.transaction() as session:
        assert not second_factors.is_on(session, mia.id)
    assert not _accepts(database, mia, _code(database, mia))


def test_a_wrong_code_does_not_switch_it_on(database: Database, mia: Moderator) -> None:
    _begin(database, mia)

    with pytest.raises(errors.WrongCodeError), database.transaction() as session:
        second_factors.switch_on(_at(session, NOW), mia, _code(database, mia, NOW + 5 * STEP))

    with database.reading() as session:
        assert not second_factors.is_on(session, mia.id)


def test_one_that_is_on_is_not_begun_anew(database: Database, mia: Moderator) -> None:
    _switch_on(database, mia)

    with pytest.raises(errors.ConflictError):
        _begin(database, mia)


def test_a_secret_that_nobody_confirmed_is_replaced_by_the_next(database: Database, mia: Moderator) -> None:
    _begin(database, mia)
    first = _secret(database, mia)
    _begin(database, mia)

    assert _secret(database, mia) != first
    assert len(base64.b32decode(first)) == 20


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_is_accepted_one_step_early_or_late(
    database: Database, mia: Moderator, steps: int, *, accepted: bool
) -> None:
    _switch_on(database, mia)
    later = NOW + 10 * STEP

    assert _accepts(database, mia, _code(database, mia, later + steps * STEP), later) is accepted


@pytest.mark.parametrize("written", ["{}", " {}\n", "{:.3} {:.3}"])
def test_a_code_may_be_typed_in_groups(database: Database, mia: Moderator, written: str) -> None:
    _switch_on(database, mia)
    code = _code(database, mia)

    assert _accepts(database, mia, written.format(code, code[3:]))


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "\0", "\ud800", "\uff11\uff12\uff13\uff14\uff15\uff16", "x" * 10_000]
)
def test_what_is_no_code_is_refused(database: Database, mia: Moderator, code: str) -> None:
    _switch_on(database, mia)

    assert not _accepts(database, mia, code)


def test_a_code_is_accepted_once_and_none_before_it_afterwards(database: Database, mia: Moderator) -> None:
    _switch_on(database, mia)
    before, now = _code(database, mia, NOW - STEP), _code(database, mia)

    assert [_accepts(database, mia, code) for code in (now, now, before)] == [True, False, False]


def test_the_code_that_switched_it_on_does_not_log_in(database: Database, mia: Moderator) -> None:
    _switch_on(database, mia)

    assert not _accepts(database, mia, _code(database, mia, NOW - 2 * STEP), NOW - 2 * STEP)


def test_of_many_who_come_with_one_code_at_once_one_gets_in(database: Database, mia: Moderator) -> None:
    _switch_on(database, mia)
    code = _code(database, mia)
    together = threading.Barrier(8)

    def come(_: int) -> bool:
        together.wait()
        return _accepts(database, mia, code)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(come, range(8))) == 1


def test_another_moderator_s_code_is_refused(database: Database, mia: Moderator) -> None:
    noor = _moderator(database, "noor@example.org", "Noor")
    for one in (mia, noor):
        _switch_on(database, one)

    assert not _accepts(database, mia, _code(database, noor))


def test_each_of_ten_recovery_codes_is_accepted_once(database: Database, mia: Moderator) -> None:
    codes = _switch_on(database, mia)

    assert len(set(codes)) == 10
    for code in codes:
        assert [_accepts(database, mia, one) for one in (code.upper(), code)] == [True, False]
    with database.reading() as session:
        used = [entry.action for entry in account_log.latest(session, [mia.id], 99)]
    assert used.count("recovery_code_used") == 10


def test_new_recovery_codes_take_the_place_of_those_before(database: Database, mia: Moderator) -> None:
    [old, *_] = _switch_on(database, mia)
    with database.transaction() as session:
        [new, *_] = second_factors.renew_recovery_codes(session, mia)

    assert [_accepts(database, mia, code) for code in (old, new)] == [False, True]


@pytest.mark.parametrize("change", ["on", "off", "reset"])
def test_every_change_ends_all_sessions_and_is_written_down(database: Database, mia: Moderator, change: str) -> None:
    if change != "on":
        _switch_on(database, mia)
    with database.transaction() as session:
        token = console_sessions.begin(session, mia)
    lifetime = console_sessions.Lifetime(timedelta(hours=1), timedelta(hours=1))

    if change == "on":
        _switch_on(database, mia)
    with database.transaction() as session:
        if change == "off":
            second_factors.switch_off(session, mia)
        elif change == "reset":
            second_factors.reset(session, mia, account_log.OPERATOR)

    with database.reading() as session:
        assert second_factors.is_on(session, mia.id) is (change == "on")
        entry = account_log.latest(session, [mia.id], 1)[0]
        with pytest.raises(errors.UnauthorizedError):
            console_sessions.current(session, token, lifetime)
    actor = account_log.OPERATOR if change == "reset" else moderators.actor(mia)
    assert (entry.action, entry.actor) == (f"second_factor_{change}", actor)


def test_what_is_off_is_neither_switched_off_nor_reset(database: Database, mia: Moderator) -> None:
    _begin(database, mia)

    with database.transaction() as session:
        for change in (second_factors.switch_off, second_factors.renew_recovery_codes):
            with pytest.raises(errors.ConflictError):
                change(session, mia)
        with pytest.raises(errors.ConflictError):
            second_factors.reset(session, mia, "operator")


def test_neither_secret_nor_recovery_code_is_stored(database: Database, mia: Moderator) -> None:
    codes = _switch_on(database, mia)

    with database.engine.connect() as connection:
        stored = str(connection.execute(text("SELECT * FROM second_factor")).all())

    assert _secret(database, mia) not in stored
    for code in codes:
        assert code not in stored
        assert code.replace("-", "") not in stored


def test_secrets_are_encrypted_anew_and_a_wrong_key_is_told(database: Database, mia: Moderator) -> None:
    _switch_on(database, mia)
    secret, new = _secret(database, mia), encryption.new_key()
    both = Database(database.engine, database.bell, keyring=Keyring(f"{new} {SECRET_KEYS}"))

    with both.transaction() as session:
        kept_secrets.encrypt_anew(session)

    with Database(database.engine, database.bell, keyring=Keyring(new)).reading() as session:
        assert kept_secrets.text(session, session.get_one(SecondFactor, mia.id)) == secret
    with database.reading() as session, pytest.raises(errors.WrongSecretKeysError):
        kept_secrets.check(session)


def test_an_app_is_told_who_and_where(database: Database, mia: Moderator) -> None:
    _begin(database, mia)

    with database.reading() as session:
        address = second_factors.address(
            session, session.get_one(SecondFactor, mia.id), mia.email, "gatepost.example.org"
        )

    assert address.startswith("otpauth://totp/gatepost.example.org:mia%40example.org?")
    assert f"secret={_secret(database, mia)}&" in address
    assert address.endswith("&issuer=gatepost.example.org&period=30")
