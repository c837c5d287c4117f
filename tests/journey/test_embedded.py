"""The embedded mode: one process on SQLite, killed as often as it likes."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from service.core import moderators
from service.core.models import Digest, Frequency, Site
from tests.journey import deployment as deployments
from tests.journey import ledger
from tests.journey.deployment import Deployment
from tests.servers.mail import MailServer
from tests.servers.receiver import Answer, Receiver
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone


@pytest.fixture
def embedded(tmp_path: Path, receiver: Receiver) -> Iterator[Deployment]:
    with deployments.embedded(tmp_path, receiver) as deployment:
        deployment.start()
        yield deployment


def test_comments_that_name_nations_are_published_and_abuse_is_held(embedded: Deployment) -> None:
    texts = {
        "My Korean grandmother and her Japanese neighbour shared this recipe.": "approved",
        "The Chinese delegation met the American one in Tokyo on Monday.": "approved",
        "You are a disgusting idiot, shut up.": "held",
        "I will kill you and burn your house.": "held",
        "Buy cheap viagra http://a.example http://b.example http://c.example": "held",
    }

    with embedded.client() as client:
        decided = {
            text: client.post("/v1/comments", json={"text": text}, headers={"prefer": "wait=5"}).json()["status"]
            for text in texts
        }

    assert decided == texts


def test_a_moderator_s_digest_is_sent(tmp_path: Path, receiver: Receiver) -> None:
    with deployments.embedded(tmp_path, receiver) as deployment, MailServer().running() as to:
        deployment.processes["gatepost"].env |= {"GATEPOST_SMTP_URL": to.url, "GATEPOST_MAIL_FROM": "gate@post.example"}
        deployment.start()
        with deployment.client() as client:
            client.post("/v1/comments", json={"text": "You are a worthless idiot."}, headers={"prefer": "wait=5"})
        with deployment.database.transaction() as session:
            site = session.exec(select(Site)).one()
            mira = moderators.create(session, "mira@example.org", "Mira", "correct horse battery")
            moderators.join(session, mira, site.id)
            session.add(Digest(moderator_id=mira.id, site_id=site.id, frequency=Frequency.DAILY))

        eventually(lambda: to.mails, within=timedelta(seconds=30), context=deployment.tails)

    assert to.mails[0]["Subject"].startswith("1 comment waits")


def test_kills_in_the_middle_of_work_lose_nothing(embedded: Deployment, receiver: Receiver) -> None:
    accepted: set[str] = set()
    for round_number in range(4):
        with embedded.client() as client:
            batch = {"comments": [{"text": f"Round {round_number}, comment {number}."} for number in range(100)]}
            accepted |= {comment["id"] for comment in client.post("/v1/comments/batch", json=batch).json()["comments"]}
        # At once: most of it is not decided yet.
        embedded.kill()
        with sqlite3.connect(str(embedded.database.engine.url.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        embedded.start()

    eventually(lambda: ledger.is_quiet(embedded.database), within=timedelta(minutes=2), context=embedded.tails)
    assert len(accepted) == 400
    assert ledger.judge(embedded.database, accepted, receiver.requests) == ledger.CLEAN


def test_a_blog_that_was_down_gets_its_webhook_later(embedded: Deployment, receiver: Receiver) -> None:
    receiver.script(Answer(status=500))

    with embedded.client() as client:
        client.post("/v1/comments", json={"text": "A fine day."})
    first, second = receiver.wait_for(lambda requests: len(requests) == 2, within=timedelta(seconds=20))

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_sigterm_ends_the_process_within_ten_seconds(embedded: Deployment) -> None:
    status = embedded.processes["gatepost"].terminate(within=timedelta(seconds=10))

    assert status == 0


def test_the_log_names_the_comment_and_never_holds_its_text(embedded: Deployment) -> None:
    with embedded.client() as client:
        answer = client.post(
            "/v1/comments",
            json={"text": "A canary sings xyzzy.", "author_email": "canary@example.org"},
            headers={"prefer": "wait=5"},
        )
    log = embedded.processes["gatepost"].log

    eventually(lambda: answer.json()["id"] in log.read_text(encoding="utf-8"))
    assert "xyzzy" not in log.read_text(encoding="utf-8")
    assert "canary@example.org" not in log.read_text(encoding="utf-8")
