"""Signatures of webhooks, after Standard Webhooks 1.0.0 (standardwebhooks.com), schemes v1 and v1a."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SHARED, _PRIVATE, _PUBLIC = "whsec_", "whsk_", "whpk_"


class Scheme(StrEnum):
    """How a signature is made: v1 with a secret that the receiver holds too, v1a with a key that only we hold."""

    V1 = "v1"
    V1A = "v1a"


def new_secret(scheme: Scheme = Scheme.V1) -> str:
    """256 random bits: HMAC-SHA256's secret (`whsec_…`), or Ed25519's private key (RFC 8032; `whsk_…`)."""
    return {Scheme.V1: _SHARED, Scheme.V1A: _PRIVATE}[scheme] + _text(secrets.token_bytes(32))


def public_key(secret: str) -> str | None:
    """What the receiver verifies with (`whpk_…`); None when that is the secret itself."""
    return _PUBLIC + _text(_private(secret).public_key().public_bytes_raw()) if secret.startswith(_PRIVATE) else None


def headers(event_id: str, timestamp: int, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of one attempt.

    `timestamp` is the attempt's time in unix seconds; `body` the exact text that is sent; every secret signs by its
    own scheme, so that a receiver may hold the old or the new one while they rotate.
    """
    signed = f"{event_id}.{timestamp}.{body}".encode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_sign(signed, secret) for secret in secrets),
    }


def _sign(signed: bytes, secret: str) -> str:
    if secret.startswith(_PRIVATE):
        return f"{Scheme.V1A},{_text(_private(secret).sign(signed))}"
    key = base64.b64decode(secret.removeprefix(_SHARED))
    return f"{Scheme.V1},{_text(hmac.digest(key, signed, hashlib.sha256))}"


def _private(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix(_PRIVATE)))


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
