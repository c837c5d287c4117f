"""Signatures, verified by the library that receivers use."""

import base64
import json
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from service.core import signing
from service.core.signing import Scheme

# JSON may hold any text but half surrogate pairs, which our door refuses.
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
BODIES = st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans() | st.none()).map(
    lambda data: json.dumps({"type": "comment.held", "data": data}, ensure_ascii=False)
)


def _now() -> int:
    return int(time.time())


def _public(secret: str) -> Ed25519PublicKey:
    """What the receiver has: the text that the API shows, read as the standard says."""
    shown = signing.public_key(secret)
    assert shown
    return Ed25519PublicKey.from_public_bytes(base64.b64decode(shown.removeprefix("whpk_")))


def _signature(headers: dict[str, str], scheme: str) -> bytes:
    [signature] = [one for one in headers["webhook-signature"].split(" ") if one.startswith(f"{scheme},")]
    return base64.b64decode(signature.removeprefix(f"{scheme},"))


@settings(max_examples=1000)
@given(body=BODIES)
def test_any_body_verifies(body: str) -> None:
    secret = signing.new_secret()

    headers = signing.headers("evt_1", _now(), body, [secret])

    assert Webhook(secret).verify(body.encode(), headers) == json.loads(body)


@settings(max_examples=1000)
@given(body=BODIES)
def test_any_body_verifies_with_the_public_key(body: str) -> None:
    secret, now = signing.new_secret(Scheme.V1A), _now()

    headers = signing.headers("evt_1", now, body, [secret])

    # Raises InvalidSignature.
    _public(secret).verify(_signature(headers, "v1a"), f"evt_1.{now}.{body}".encode())


@given(body=BODIES)
def test_both_schemes_may_sign_at_once(body: str) -> None:
    shared, private, now = signing.new_secret(), signing.new_secret(Scheme.V1A), _now()

    headers = signing.headers("evt_1", now, body, [shared, private])

    assert [one.partition(",")[0] for one in headers["webhook-signature"].split(" ")] == ["v1", "v1a"]
    assert Webhook(shared).verify(body, headers) == json.loads(body)
    _public(private).verify(_signature(headers, "v1a"), f"evt_1.{now}.{body}".encode())


def test_another_public_key_refuses_the_signature() -> None:
    headers = signing.headers("evt_1", _now(), "{}", [signing.new_secret(Scheme.V1A)])

    with pytest.raises(InvalidSignature):
        _public(signing.new_secret(Scheme.V1A)).verify(
            _signature(headers, "v1a"), f"evt_1.{headers['webhook-timestamp']}.{{}}".encode()
        )


def test_keys_and_signatures_of_ed25519_are_those_of_the_rfc() -> None:
    """RFC 8032, section 7.1, test 1: the key; what it signs here is ours, and verified above."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

    assert signing.public_key("whsk_" + base64.b64encode(seed).decode()) == "whpk_" + base64.b64encode(public).decode()


def test_a_shared_secret_has_no_public_key() -> None:
    assert signing.public_key(signing.new_secret()) is None


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


@pytest.mark.parametrize(("scheme", "prefix"), [(Scheme.V1, "whsec_"), (Scheme.V1A, "whsk_")])
def test_a_secret_has_256_random_bits(scheme: Scheme, prefix: str) -> None:
    secrets = {signing.new_secret(scheme) for _ in range(100)}

    assert len(secrets) == 100
    assert {len(base64.b64decode(secret.removeprefix(prefix))) for secret in secrets} == {32}
