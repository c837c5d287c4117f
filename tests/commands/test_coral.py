"""`gatepost coral`."""

import hashlib
import hmac
import json

import pytest
from fastapi.testclient import TestClient

from tests.commands.conftest import Run
from tests.secret_keys import SECRET_KEYS

BASE = "http://127.0.0.1:8000"
QUESTION = {"comment": {"body": "Thank you."}, "author": {"id": "1", "role": "ADMIN"}, "story": {"id": "9"}}


@pytest.fixture(autouse=True)
def secret_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the command and, as it comes first, for the client."""
    monkeypatch.setenv("GATEPOST_SECRET_KEYS", SECRET_KEYS)


def test_the_address_answers_who_signs_with_the_secret_until_it_is_revoked(run: Run, client: TestClient) -> None:
    run("site", "create", "Treaty blog")
    body = json.dumps(QUESTION).encode()
    signed = {"X-Coral-Signature": f"sha256={hmac.new(b'the secret', body, hashlib.sha256).hexdigest()}"}

    made = run("coral", "Treaty blog", input="the secret\n")
    path = made.stdout.splitlines()[-1].removeprefix(BASE)
    before = client.post(path, content=body, headers=signed).status_code
    run("key", "revoke", path.rpartition("/")[2])
    after = client.post(path, content=body, headers=signed).status_code

    assert "the secret" not in made.output
    assert (before, after) == (204, 401)
