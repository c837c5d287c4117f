"""What a moderator's phone does: it reads the secret from the page, and counts codes from it."""

import base64
import re
import time

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from fastapi.testclient import TestClient
from httpx2 import Response

from service.core import kept_secrets
from service.core.db import Database
from service.core.models import Moderator, SecondFactor

PAGE = "/console/account/second-factor"


def secret_on(page: str) -> str:
    """As somebody types it: in groups of four."""
    found = re.search(r'<code class="letters">(.*?)</code>', page)
    assert found
    return re.sub(r"<[^>]+>|\s", "", found[1])


def code(secret: str, steps: int = 0) -> str:
    """Of so many steps from now."""
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(time.time() + 30 * steps).decode()


def forget_steps(db: Database, moderator: Moderator) -> None:
    """As if the code that was used last were of long ago."""
    with db.transaction() as session:
        session.get_one(SecondFactor, moderator.id).last_step = 0


def secret_of(db: Database, moderator: Moderator) -> str:
    with db.reading() as session:
        return kept_secrets.text(session, session.get_one(SecondFactor, moderator.id))


def give_code(client: TestClient, asked: Response, code: str) -> Response:
    """Fill in the page that asks for a code."""
    pending = re.search(r'name="pending" value="([^"]+)"', asked.text)
    wanted = re.search(r'name="next" value="([^"]+)"', asked.text)
    assert pending
    assert wanted
    return client.post("/console/login/code", data={"pending": pending[1], "code": code, "next": wanted[1]})
