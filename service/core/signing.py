"""Signatures of webhooks, after Standard Webhooks 1.0.0 (standardwebhooks.com), scheme v1."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

_PREFIX = "whsec_"


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(event_id: str, timestamp: int, body: str, secrets: Sequence[str]) -> dict[str, str]:
    """The three headers of one attempt.

    `timestamp` is the attempt's time in unix seconds; `body` the exact text that is sent; every secret signs, so
    that a receiver may hold the old or the new one while they rotate.
    """
    signed = f"{event_id}.{timestamp}.{body}".encode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_sign(signed, secret) for secret in secrets),
    }


def _sign(signed: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
