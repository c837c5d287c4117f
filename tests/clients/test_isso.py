"""A real Isso, and the connector between: what waits there is published or deleted as Gatepost decides."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlmodel import col, select

from service.core import comments, keys, signing_keys, sites, webhooks
from service.core.models import Category, Comment, Scope, Status
from tests.clients.conftest import ROOT
from tests.journey.deployment import Deployment
from tests.servers import ports
from tests.servers.waiting import eventually

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]

GOOD = "Thank you, that explains the treaty well.\n\n---\n\n> Delete comment: https://blog.example.org/id/1/delete/x"
TOXIC = "You are a worthless stupid idiot, on the whole."
WAIT = timedelta(seconds=60)
THREAD = "/treaty"
CONFIGURATION = """
[general]
dbpath = {folder}/comments.db
host = {url}/
notify = smtp
[moderation]
enabled = true
[server]
listen = {url}
[smtp]
host = 127.0.0.1
port = {mail_port}
security = none
to = token@bridge.invalid
from = isso@blog.example.org
[guard]
enabled = false
"""


@dataclass
class Isso:
    url: str

    def post(self, text: str) -> None:
        comment = {"text": text, "author": "Aiko & Co", "email": "aiko@example.org", "title": "What the treaty means"}
        posted = httpx2.post(f"{self.url}/new", params={"uri": THREAD}, json=comment, headers={"Origin": self.url})
        # It waits for its owner.
        assert posted.status_code == 202, posted.text

    def published(self) -> list[str]:
        """The comments that readers see."""
        answer = httpx2.get(f"{self.url}/", params={"uri": THREAD, "plain": 1})
        return [one["text"] for one in answer.json()["replies"]] if answer.is_success else []


@contextmanager
def _process(command: list[str], port: int, **environment: str) -> Iterator[None]:
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        eventually(lambda: ports.answers(port), within=WAIT)
        yield
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def isso(tmp_path: Path, gatepost: Deployment) -> Iterator[Isso]:
    """Isso and the connector, set up as the connector's head says, with a site of their own."""
    port, mail_port, bridge_port = (ports.find_free() for _ in range(3))
    url = f"http://127.0.0.1:{port}"
    with gatepost.database.transaction() as session:
        site = sites.create(session, f"Isso {tmp_path}")
        key = keys.issue(session, site.id, Scope.SUBMIT)
        endpoint = webhooks.create(session, site.id, f"http://127.0.0.1:{bridge_port}/gatepost", allow_private=True)
        secret = signing_keys.shared_secret(session, endpoint) or ""
    known = {"GATEPOST": gatepost.url, "KEY": key, "SECRET": secret, "TOKEN": "token"}
    known |= {"ISSO": url, "SPOOL": str(tmp_path / "spool.db")}
    (tmp_path / "isso.cfg").write_text(CONFIGURATION.format(folder=tmp_path, url=url, mail_port=mail_port))
    connector = [sys.executable, str(ROOT / "examples/connectors/isso.py"), str(bridge_port), str(mail_port)]
    served = [str(ROOT / ".venv-clients/isso/bin/isso"), "-c", str(tmp_path / "isso.cfg"), "run"]
    with ExitStack() as stack:
        # Isso looks for its mail server when it starts.
        stack.enter_context(_process(connector, bridge_port, **known))
        stack.enter_context(_process(served, port))
        yield Isso(url)


def _decided(gatepost: Deployment, text: str, status: Status) -> Comment:
    def found() -> Comment | None:
        with gatepost.database.reading() as session:
            same = select(Comment).where(col(Comment.text) == text, col(Comment.status) == status)
            return session.exec(same.order_by(col(Comment.id).desc())).first()

    comment = eventually(found, within=WAIT)
    assert comment
    return comment


def _review(gatepost: Deployment, comment: Comment, category: Category | None) -> None:
    with gatepost.database.transaction() as session:
        comments.review(
            session, comment.site_id, comment.id, approve=category is None, category=category, actor="moderator:mo"
        )


def test_what_gatepost_approves_appears_in_isso(isso: Isso, gatepost: Deployment) -> None:
    isso.post(GOOD)

    eventually(lambda: isso.published() == [GOOD], within=WAIT)

    stored = _decided(gatepost, GOOD, Status.APPROVED)
    assert (stored.author_name, stored.author_email) == ("Aiko & Co", "aiko@example.org")
    assert (stored.post_title, stored.post_id) == ("What the treaty means", f"{isso.url}{THREAD}")


def test_what_is_held_waits_in_isso_until_a_human_approves_it(isso: Isso, gatepost: Deployment) -> None:
    isso.post(TOXIC)
    held = _decided(gatepost, TOXIC, Status.HELD)
    assert isso.published() == []

    _review(gatepost, held, None)

    eventually(lambda: isso.published() == [TOXIC], within=WAIT)


def test_what_a_human_rejects_is_deleted_in_isso(isso: Isso, gatepost: Deployment, tmp_path: Path) -> None:
    isso.post(TOXIC)
    held = _decided(gatepost, TOXIC, Status.HELD)
    assert _texts(tmp_path) == [TOXIC]

    _review(gatepost, held, Category.TOXIC)

    eventually(lambda: _texts(tmp_path) == [], within=WAIT)


def _texts(folder: Path) -> list[str]:
    """What Isso has stored, published or not."""
    with closing(sqlite3.connect(folder / "comments.db")) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM comments")]
