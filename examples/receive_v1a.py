"""Verify a webhook with the endpoint's public key: Standard Webhooks, scheme v1a (Ed25519). Needs `cryptography`."""

import base64
import re
import time
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

TOLERANCE_SECONDS = 5 * 60


def is_authentic(public_key: str, headers: Mapping[str, str], body: bytes) -> bool:
    """`public_key` is `whpk_…` as Gatepost shows it, `body` the bytes as they came; header names in lower case."""
    timestamp = headers.get("webhook-timestamp", "")
    # An old request may be one that somebody has recorded.
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    verifier = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    # Several while keys rotate, and v1 beside v1a.
    signatures = headers.get("webhook-signature", "").split()
    return any(_verifies(verifier, signature, signed) for signature in signatures)


def _verifies(verifier: Ed25519PublicKey, signature: str, signed: bytes) -> bool:
    scheme, _, value = signature.partition(",")
    if scheme != "v1a":
        return False
    try:
        verifier.verify(base64.b64decode(value), signed)
    except (InvalidSignature, ValueError):
        return False
    return True
