"""Keys: what they open, until when, and what is known of their use."""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from service.core import errors, keys
from service.core.db import Database
from service.core.models import Key, Scope, utc_now


def _issue(database: Database, site_id: UUID, scope: Scope = Scope.ADMIN) -> str:
    with database.transaction() as session:
        return keys.issue(session, site_id, scope, "the blog")


def _open(database: Database, bearer: str, needed: Scope = Scope.READ) -> UUID:
    with database.reading() as session:
        return keys.authenticate(session, bearer, needed).site_id


def test_a_key_opens_its_own_site(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    mine, other = _issue(database, site_id), _issue(database, other_site_id)

    assert (_open(database, mine), _open(database, other)) == (site_id, other_site_id)


def test_the_hash_of_a_key_is_stored_and_not_the_key(database: Database, site_id: UUID) -> None:
    bearer = _issue(database, site_id)
    secret = bearer.split("_", 2)[2]

    with database.engine.connect() as connection:
        (row,) = connection.execute(text("SELECT * FROM key")).all()

    assert hashlib.sha256(secret.encode()).hexdigest() in row
    assert secret not in str(row)
    assert len(secret) >= 43  # 256 bits in base64


def test_a_revoked_key_is_unauthorized(database: Database, site_id: UUID) -> None:
    bearer = _issue(database, site_id)
    with database.transaction() as session:
        session.exec(select(Key)).one().revoked_at = utc_now()

    with pytest.raises(errors.UnauthorizedError):
        _open(database, bearer)


def test_the_secret_of_one_key_does_not_open_another(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    mine, other = _issue(database, site_id), _issue(database, other_site_id)
    crossed = "_".join([*mine.split("_", 2)[:2], other.split("_", 2)[2]])

    with pytest.raises(errors.UnauthorizedError):
        _open(database, crossed)


CHANGES: list[Callable[[str], str]] = [
    lambda bearer: bearer[:-1] + ("A" if bearer[-1] != "A" else "B"),
    lambda bearer: bearer[:-1],
    lambda bearer: bearer + "A",
    lambda bearer: bearer.removeprefix("gp_"),
    lambda bearer: bearer[:15],
    lambda bearer: bearer[:16],
    lambda bearer: bearer.replace("_", "_\0", 1),
    lambda bearer: bearer + "\0",
    lambda bearer: bearer + "\ud800",
    lambda bearer: " " + bearer,
    str.upper,
]
NEVER_ISSUED = [
    "",
    "gp_",
    "gp__",
    "gp_abcdefghijkl_secret",
    "gp_\0_\0",
    "gp_\ud800_\ud800",
    "gp_ключ_секрет",
    "gp_%_%",
    "gp_' OR 1=1 --_x",
    "gp_" + "a" * 1_000_000 + "_" + "b" * 1_000_000,
]


def test_a_key_that_was_changed_is_unauthorized(database: Database, site_id: UUID) -> None:
    bearer = _issue(database, site_id)

    for change in CHANGES:
        with pytest.raises(errors.UnauthorizedError):
            _open(database, change(bearer))


def test_a_key_that_was_never_issued_is_unauthorized(database: Database, site_id: UUID) -> None:
    _issue(database, site_id)

    for bearer in NEVER_ISSUED:
        with pytest.raises(errors.UnauthorizedError):
            _open(database, bearer)


@pytest.mark.parametrize(
    ("scope", "opens"),
    [
        (Scope.SUBMIT, {Scope.SUBMIT}),
        (Scope.READ, {Scope.READ}),
        (Scope.ADMIN, {Scope.SUBMIT, Scope.READ, Scope.ADMIN}),
    ],
)
def test_a_key_opens_what_its_scope_includes_and_nothing_else(
    database: Database, site_id: UUID, scope: Scope, opens: set[Scope]
) -> None:
    bearer = _issue(database, site_id, scope)

    opened, refused = set(), set()
    for needed in Scope:
        try:
            _open(database, bearer, needed)
            opened.add(needed)
        except errors.ForbiddenError:
            refused.add(needed)

    assert opened == opens
    assert refused == set(Scope) - opens


HOUR = timedelta(hours=1)


def _change(database: Database, **values: object) -> None:
    with database.transaction() as session:
        key = session.exec(select(Key)).one()
        for name, value in values.items():
            setattr(key, name, value)


def test_a_key_holds_until_it_expires(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        bearer = keys.issue(session, site_id, Scope.READ, "for a day", utc_now() + timedelta(days=1))
    assert _open(database, bearer) == site_id

    _change(database, expires_at=utc_now() - timedelta(seconds=1))

    with pytest.raises(errors.UnauthorizedError):
        _open(database, bearer)


def test_a_key_that_has_expired_already_is_not_issued(database: Database, site_id: UUID) -> None:
    with pytest.raises(errors.InvalidKeyError), database.transaction() as session:
        keys.issue(session, site_id, Scope.READ, "late", utc_now() - timedelta(seconds=1))


def test_a_key_tells_within_an_hour_that_it_is_used(database: Database, site_id: UUID) -> None:
    _issue(database, site_id)

    def note() -> Key:
        with database.transaction() as session:
            keys.note_use(session, session.exec(select(Key.id)).one())
        with database.reading() as session:
            return session.exec(select(Key)).one()

    first = note()
    assert note().last_used_at == first.last_used_at is not None
    _change(database, last_used_at=utc_now() - HOUR)
    assert (note().last_used_at or utc_now()) >= first.last_used_at


@pytest.mark.parametrize(("ago", "news"), [(None, True), (timedelta(minutes=59), False), (HOUR, True)], ids=str)
def test_the_use_of_a_key_is_news_once_an_hour(
    database: Database, site_id: UUID, *, ago: timedelta | None, news: bool
) -> None:
    _issue(database, site_id)
    _change(database, last_used_at=None if ago is None else utc_now() - ago)

    with database.reading() as session:
        assert keys.is_use_news(session, session.exec(select(Key)).one()) is news


def test_a_key_is_revoked_for_its_own_site_only(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    bearer = _issue(database, site_id)

    with pytest.raises(errors.NotFoundError), database.transaction() as session:
        keys.revoke(session, keys.public_id(bearer), other_site_id)
    assert _open(database, bearer) == site_id

    with database.transaction() as session:
        keys.revoke(session, keys.public_id(bearer), site_id)
    with pytest.raises(errors.UnauthorizedError):
        _open(database, bearer)


def test_the_time_when_a_key_ended_is_the_first(database: Database, site_id: UUID) -> None:
    bearer = _issue(database, site_id)
    ended = []
    for _ in range(2):
        with database.transaction() as session:
            keys.revoke(session, keys.public_id(bearer))
            ended.append(session.exec(select(Key.revoked_at)).one())

    assert ended[0] == ended[1] is not None


def test_a_site_lists_its_own_keys_the_newest_first(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    issued = [_issue(database, site_id) for _ in range(2)]
    _issue(database, other_site_id)

    with database.reading() as session:
        assert [key.id for key in keys.listed(session, site_id)] == [keys.public_id(one) for one in reversed(issued)]
