"""Signatures, verified by the library that receivers use."""

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from service.core import signing

# JSON may hold any text but half surrogate pairs, which our door refuses.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
BODIES = st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans() | st.none()).map(
    lambda data: json.dumps({"type": "comment.held", "data": data}, ensure_ascii=False)
)


def _now() -> int:
    return int(time.time())


@given(body=BODIES)
def test_any_body_verifies(body: str) -> None:
    secret = signing.new_secret()

    headers = signing.headers("evt_1", _now(), body, [secret])

    assert Webhook(secret).verify(body.encode(), headers) == json.loads(body)


@given(body=BODIES)
def test_both_secrets_verify_while_they_rotate_and_no_third(body: str) -> None:
    new, old, third = (signing.new_secret() for _ in range(3))

    headers = signing.headers("evt_1", _now(), body, [new, old])

    assert Webhook(new).verify(body, headers) == Webhook(old).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(third).verify(body, headers)


@given(body=BODIES, data=st.data())
def test_one_wrong_byte_fails(body: str, data: st.DataObject) -> None:
    secret = signing.new_secret()
    headers = signing.headers("evt_1", _now(), body, [secret])
    # As printable ASCII, so that the library can decode it and gets as far as the signature.
    at = data.draw(st.sampled_from([i for i, byte in enumerate(body.encode()) if byte < 128]))
    wrong = bytearray(body.encode())
    wrong[at] = ord("~") if wrong[at] != ord("~") else ord("!")

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(bytes(wrong), headers)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp"])
def test_a_header_that_was_changed_fails(header: str) -> None:
    secret = signing.new_secret()
    headers = signing.headers("100", _now(), "{}", [secret])
    headers[header] = str(int(headers[header]) - 1)

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify("{}", headers)


def test_the_headers_are_those_of_the_standard() -> None:
    headers = signing.headers("evt_1", 1_700_000_000, "{}", [signing.new_secret()])

    assert headers.keys() == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("evt_1", "1700000000")


def test_the_signature_is_the_published_example() -> None:
    """The example of Svix's documentation of the scheme, on which the standard rests."""
    headers = signing.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        '{"test": 2432232314}',
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_has_256_random_bits() -> None:
    secrets = {signing.new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in secrets} == {32}
