"""An endpoint's keys: which sign, until when, and that the database holds none in plain."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from service.core import db, encryption, errors, signing_keys, webhooks
from service.core.db import Database
from service.core.encryption import Keyring
from service.core.models import Endpoint, SigningKey
from service.core.signing import Scheme
from tests.secret_keys import KEYRING, SECRET_KEYS

URL = "https://blog.example.org/hooks/gatepost"
DAY = timedelta(hours=24)
BOTH = (Scheme.V1, Scheme.V1A)


@pytest.fixture
def endpoint(database: Database, site_id: UUID) -> Endpoint:
    with database.transaction() as session:
        return webhooks.create(session, site_id, URL, allow_private=False)


def _keys(database: Database) -> Sequence[SigningKey]:
    with database.reading() as session:
        return session.exec(select(SigningKey).order_by(col(SigningKey.id))).all()


def _live(session: Session, endpoint: Endpoint) -> list[str]:
    return [db.keyring(session).decrypt(key.secret) for key in signing_keys.live(session, [endpoint.id])[endpoint.id]]


def _secret(database: Database, endpoint: Endpoint) -> str | None:
    with database.reading() as session:
        return signing_keys.shared_secret(session, endpoint)


def _secrets(database: Database, endpoints: Sequence[Endpoint]) -> list[str]:
    with database.reading() as session:
        return [_live(session, endpoint)[0] for endpoint in endpoints]


def _rotate(database: Database, endpoint: Endpoint, *schemes: Scheme) -> str | None:
    with database.transaction() as session:
        signing_keys.rotate(session, endpoint, schemes)
    return _secret(database, endpoint)


def _let_pass(database: Database, time: timedelta) -> None:
    """As if everything had been done so much earlier."""
    with database.transaction() as session:
        for key in session.exec(select(SigningKey)):
            key.ends_at = key.ends_at and key.ends_at - time


def test_every_endpoint_has_a_secret_of_its_own(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        endpoints = [webhooks.create(session, site_id, URL, allow_private=False) for _ in range(3)]

    assert len({_secret(database, endpoint) for endpoint in endpoints}) == 3


def test_no_secret_is_stored_in_plain(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        webhooks.create(session, site_id, URL, allow_private=False, schemes=BOTH)

    assert all(not key.secret.startswith("wh") for key in _keys(database))
    assert [KEYRING.decrypt(key.secret)[:5] for key in _keys(database)] == ["whsec", "whsk_"]


def test_a_private_key_shows_its_public_one(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        created = webhooks.create(session, site_id, URL, allow_private=False, schemes=[Scheme.V1A])

    [key] = _keys(database)
    assert (key.public_key or "").startswith("whpk_")
    assert _secret(database, created) is None


def test_a_rotated_endpoint_signs_with_both_secrets_for_a_day(database: Database, endpoint: Endpoint) -> None:
    old = _secret(database, endpoint)
    new = _rotate(database, endpoint)

    with database.reading() as session:
        now = db.now(session)
        at_first = _live(session, endpoint)
    _let_pass(database, DAY)
    with database.reading() as session:
        after_a_day = _live(session, endpoint)

    assert at_first == [new, old]
    assert after_a_day == [new]
    ends = [key.ends_at for key in _keys(database)]
    assert ends[1] is None
    assert ends[0] is not None
    assert abs(ends[0] - now) < timedelta(minutes=1)


def test_rotating_twice_leaves_the_first_secret_its_day(database: Database, endpoint: Endpoint) -> None:
    first = _secret(database, endpoint)
    second = _rotate(database, endpoint)
    _let_pass(database, timedelta(hours=23))
    third = _rotate(database, endpoint)

    with database.reading() as session:
        after_23_hours = _live(session, endpoint)
    _let_pass(database, timedelta(hours=1))
    with database.reading() as session:
        after_24_hours = _live(session, endpoint)

    assert after_23_hours == [third, second, first]
    assert after_24_hours == [third, second]


def test_a_leaked_secret_can_end_at_once(database: Database, endpoint: Endpoint) -> None:
    with database.transaction() as session:
        signing_keys.rotate(session, endpoint, overlap=timedelta(0))

    assert len(_keys(database)) == 1
    with database.reading() as session:
        assert _live(session, endpoint) == [_secret(database, endpoint)]


def test_a_rotation_may_change_how_is_signed(database: Database, endpoint: Endpoint) -> None:
    old = _secret(database, endpoint)

    _rotate(database, endpoint, Scheme.V1A)
    with database.reading() as session:
        both = _live(session, endpoint)
    _let_pass(database, DAY)
    _rotate(database, endpoint)
    with database.reading() as session:
        current = signing_keys.current(session, [endpoint.id])[endpoint.id]

    assert [secret[:5] for secret in both] == ["whsk_", "whsec"]
    assert both[1] == old
    assert [bool(key.public_key) for key in current] == [True]


def test_there_is_an_end_to_rotating(database: Database, endpoint: Endpoint) -> None:
    for _ in range(10):
        _rotate(database, endpoint)

    with pytest.raises(errors.ConflictError):
        _rotate(database, endpoint)

    assert len(_keys(database)) == 11


def test_a_deleted_endpoint_takes_its_keys_along(database: Database, endpoint: Endpoint) -> None:
    with database.transaction() as session:
        session.delete(session.get_one(Endpoint, endpoint.id))

    assert _keys(database) == []


def test_what_the_keyring_cannot_read_is_found(database: Database, endpoint: Endpoint) -> None:
    for keyring in (Keyring(encryption.new_key()), Keyring()):
        stranger = Database(database.engine, database.bell, keyring=keyring)
        with pytest.raises(errors.GatepostError, match="GATEPOST_SECRET_KEYS"), stranger.reading() as session:
            signing_keys.check(session)

    with database.reading() as session:
        signing_keys.check(session)


def test_keys_rotate_while_others_deliver(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        endpoints = [webhooks.create(session, site_id, URL, allow_private=False) for _ in range(501)]
    secrets = _secrets(database, endpoints)
    new = encryption.new_key()
    both = Database(database.engine, database.bell, keyring=Keyring(f"{new} {SECRET_KEYS}"))

    after, unread = None, 0
    while True:
        with both.transaction() as session:
            after = signing_keys.encrypt_anew(session, after)
        if after is None:
            break
        # Amid the rotation, some are written anew and some not: everybody who has both keys reads all.
        unread += _secrets(both, endpoints) != secrets

    assert unread == 0
    only_new = Database(database.engine, database.bell, keyring=Keyring(new))
    assert _secrets(only_new, endpoints) == secrets


def test_what_is_in_plain_is_taken_over(database: Database, endpoint: Endpoint) -> None:
    with database.transaction() as session:
        session.execute(update(SigningKey).values(secret="whsec_AAAA"))
    before = _secret(database, endpoint)

    with database.transaction() as session:
        signing_keys.encrypt_anew(session, only_plain=True)
    [key] = _keys(database)
    with database.transaction() as session:
        again = signing_keys.encrypt_anew(session, only_plain=True)

    assert before == _secret(database, endpoint) == "whsec_AAAA"
    assert not key.secret.startswith("whsec_")
    assert again is None
