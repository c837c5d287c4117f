"""The receiver that verifies with a public key."""

import time

import pytest

from examples.receive_v1a import is_authentic
from service.core import signing
from service.core.signing import Scheme

BODY = '{"type": "ping", "text": "Grüße"}'


@pytest.fixture
def secret() -> str:
    return signing.new_secret(Scheme.V1A)


def _key(secret: str) -> str:
    shown = signing.public_key(secret)
    assert shown
    return shown


def test_what_gatepost_signs_is_authentic(secret: str) -> None:
    headers = signing.headers("evt_1", int(time.time()), BODY, [signing.new_secret(), secret])

    assert is_authentic(_key(secret), headers, BODY.encode())


def test_both_keys_are_good_while_they_rotate(secret: str) -> None:
    new = signing.new_secret(Scheme.V1A)
    headers = signing.headers("evt_1", int(time.time()), BODY, [new, secret])

    assert [is_authentic(_key(one), headers, BODY.encode()) for one in (new, secret)] == [True, True]


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook-id": "evt_2"},
        {"webhook-timestamp": str(int(time.time()) + 100)},
        {"webhook-timestamp": "²"},
        {"webhook-signature": "v1a,AAAA v1a,§ v1a"},
        {"webhook-signature": ""},
    ],
)
def test_a_changed_header_is_refused(secret: str, changed: dict[str, str]) -> None:
    headers = signing.headers("evt_1", int(time.time()), BODY, [secret])

    assert not is_authentic(_key(secret), {**headers, **changed}, BODY.encode())


def test_another_body_another_key_and_an_old_request_are_refused(secret: str) -> None:
    now = signing.headers("evt_1", int(time.time()), BODY, [secret])
    old = signing.headers("evt_1", int(time.time()) - 301, BODY, [secret])

    assert not is_authentic(_key(secret), now, BODY.encode() + b" ")
    assert not is_authentic(_key(signing.new_secret(Scheme.V1A)), now, BODY.encode())
    assert not is_authentic(_key(secret), old, BODY.encode())
