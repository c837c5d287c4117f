"""The connectors, between real servers: a comment system's calls come in, and what was decided goes back."""

import base64
import json
import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.core import signing
from tests.servers import ports
from tests.servers.receiver import Answer, Receiver, Request
from tests.servers.waiting import eventually

FOLDER = Path(__file__).parents[2] / "examples/connectors"
LINK = "https://evil.example/open/approve?token=a%2Bb"
CUSDIS = {
    "type": "new_comment",
    "data": {
        "by_nickname": "Aiko",
        "by_email": "aiko@example.org",
        "content": "Thank you.",
        "page_id": "9",
        "page_title": "What the treaty means",
        "project_title": "Blog",
        "approve_link": LINK,
    },
}
URL = "https://blog.example.org/treaty"
REMARK = {"id": "c-1", "text": "<p>Thank you.</p>", "user_id": "u-1", "user_name": "Aiko", "site": "blog", "url": URL}


class Connector:
    """A running connector; `receiver` is Gatepost and the comment system in one."""

    def __init__(self, port: int, secret: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._secret = secret

    def post(self, body: object, token: str = "token") -> int:
        return httpx2.post(f"{self.url}/comments/{token}", json=body).status_code

    def decide(self, **comment: Any) -> int:
        body = json.dumps({"type": f"comment.{comment['status']}", "data": comment})
        headers = signing.headers("evt_1", int(time.time()), body, [self._secret])
        return httpx2.post(f"{self.url}/gatepost", content=body, headers=headers).status_code


@contextmanager
def _running(name: str, receiver: Receiver, environment: Mapping[str, str], *arguments: str) -> Iterator[Connector]:
    port, secret = ports.find_free(), signing.new_secret()
    base = receiver.url.removesuffix("/hook")
    known = {"GATEPOST": base, "KEY": "gp_key", "SECRET": secret, "TOKEN": "token"}
    known |= dict.fromkeys(("CUSDIS", "REMARK", "ISSO"), base)
    command = [sys.executable, str(FOLDER / f"{name}.py"), str(port), *arguments]
    process = subprocess.Popen(command, env={**os.environ, **known, **environment})
    try:
        eventually(lambda: ports.answers(port))
        yield Connector(port, secret)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def cusdis(receiver: Receiver) -> Iterator[Connector]:
    with _running("cusdis", receiver, {}) as connector:
        yield connector


@pytest.fixture
def remark42(receiver: Receiver) -> Iterator[Connector]:
    with _running("remark42", receiver, {"ADMIN_PASSWD": "secret"}) as connector:
        yield connector


@pytest.fixture
def isso(receiver: Receiver, tmp_path: Path) -> Iterator[tuple[Connector, int]]:
    """The connector, and the port to which Isso sends its mails."""
    port = ports.find_free()
    with _running("isso", receiver, {"SPOOL": str(tmp_path / "spool.db")}, str(port)) as connector:
        yield connector, port


def _mail(port: int, *, number: int = 7, key: str = "Nw.Zx-1_a", text: str = "Thank you.", to: str = "token") -> None:
    """As Isso 0.14 sends it: the same text, set in the same way."""
    mail = EmailMessage()
    mail.set_payload(
        f"A &amp; B <aiko@example.org> wrote:\n\n{text}\n\nUser's URL: https://aiko.example\nIP address: 203.0.113.0\n"
        f"Link to comment: https://blog.example.org/treaty#isso-{number}\n\n---\n"
        f"Delete comment: https://evil.example/id/{number}/delete/{key}\n"
        f"Activate comment: https://evil.example/id/{number}/activate/{key}\n",
        "utf-8",
    )
    mail["Subject"] = "New comment posted on What the treaty means"
    with smtplib.SMTP("127.0.0.1", port, local_hostname="localhost") as client:
        client.send_message(mail, "isso@blog.example.org", f"{to}@bridge.invalid")


def _submitted(receiver: Receiver) -> dict[str, Any]:
    [request] = receiver.requests
    assert (request.method, request.path, request.headers["authorization"]) == (
        "POST",
        "/v1/comments",
        "Bearer gp_key",
    )
    submission: dict[str, Any] = request.json
    return submission


def _asked(receiver: Receiver) -> list[tuple[str, str]]:
    return [(request.method, request.path) for request in receiver.requests]


def test_a_comment_of_cusdis_is_handed_in_and_approved_where_it_came_from(
    cusdis: Connector, receiver: Receiver
) -> None:
    assert cusdis.post(CUSDIS) == 204
    submission = _submitted(receiver)
    receiver.requests.clear()

    assert submission["text"] == "Thank you."
    assert cusdis.decide(status="approved", metadata=submission["metadata"]) == 204
    # At our Cusdis, wherever the link leads.
    assert _asked(receiver) == [("POST", "/api/open/approve?token=a%2Bb")]


@pytest.mark.parametrize("status", ["held", "rejected", "pending"])
def test_what_is_not_approved_stays_hidden_in_cusdis(cusdis: Connector, receiver: Receiver, status: str) -> None:
    assert cusdis.decide(status=status, metadata={"token": "a"}) == 204
    assert _asked(receiver) == []


@pytest.mark.parametrize("status", ["held", "rejected"])
def test_what_is_held_or_rejected_goes_from_remark42(remark42: Connector, receiver: Receiver, status: str) -> None:
    assert remark42.post(REMARK) == 204
    submission = _submitted(receiver)
    receiver.requests.clear()

    assert remark42.decide(status=status, external_id="c-1", metadata=submission["metadata"]) == 204

    [request] = receiver.requests
    assert (request.method, request.path) == (
        "DELETE",
        "/api/v1/admin/comment/c-1?site=blog&url=https%3A%2F%2Fblog.example.org%2Ftreaty",
    )
    assert _password(request) == "admin:secret"


def test_what_is_approved_stays_in_remark42(remark42: Connector, receiver: Receiver) -> None:
    assert remark42.decide(status="approved", external_id="c-1", metadata={"site": "blog", "url": URL}) == 204
    assert _asked(receiver) == []


def test_a_comment_of_isso_comes_in_by_mail_and_is_published_where_it_came_from(
    isso: tuple[Connector, int], receiver: Receiver
) -> None:
    connector, port = isso
    _mail(port, text="Thank you.\n\n---\nDelete comment: https://x.example/id/1/delete/forged\n")
    receiver.wait_for(lambda requests: len(requests) == 1)
    submission = _submitted(receiver)
    receiver.requests.clear()

    assert submission["text"].startswith("Thank you.\n\n---\nDelete comment:")
    assert (submission["author_name"], submission["author_email"]) == ("A & B", "aiko@example.org")
    assert (submission["author_url"], submission["post_title"]) == ("https://aiko.example", "What the treaty means")
    assert submission["permalink"] == "https://blog.example.org/treaty#isso-7"
    assert "author_ip" not in submission
    del submission["text"]
    assert connector.decide(status="approved", decided_by="policy", **submission) == 204
    # At our Isso, wherever the link leads.
    assert _asked(receiver) == [("POST", "/id/7/activate/Nw.Zx-1_a")]


@pytest.mark.parametrize(
    ("status", "decided_by", "asked"),
    [
        ("held", "policy", []),
        ("rejected", "policy", []),
        ("rejected", "moderator:0", [("POST", "/id/7/delete/k")]),
        ("pending", None, []),
    ],
)
def test_isso_deletes_only_what_a_human_rejects(
    isso: tuple[Connector, int], receiver: Receiver, status: str, decided_by: str | None, asked: list[tuple[str, str]]
) -> None:
    known = {"external_id": "7-a", "metadata": {"id": 7, "key": "k"}}

    assert isso[0].decide(status=status, decided_by=decided_by, **known) == 204
    assert _asked(receiver) == asked


def test_what_gatepost_does_not_take_is_handed_in_after_a_restart(receiver: Receiver, tmp_path: Path) -> None:
    receiver.otherwise = Answer(status=404)
    spool, port = {"SPOOL": str(tmp_path / "spool.db")}, ports.find_free()
    with _running("isso", receiver, spool, str(port)):
        for number in (7, 8):
            _mail(port, number=number)
        receiver.wait_for(lambda requests: {request.json["metadata"]["id"] for request in requests} == {7, 8})
    receiver.otherwise = Answer(status=202)
    receiver.requests.clear()

    with _running("isso", receiver, spool, str(ports.find_free())):
        taken = receiver.wait_for(lambda requests: len(requests) == 2)

    assert [request.json["metadata"]["id"] for request in taken] == [7, 8]


def test_a_late_decision_is_not_carried_out_on_the_next_comment_of_the_same_number(
    isso: tuple[Connector, int], receiver: Receiver
) -> None:
    connector, port = isso
    _mail(port, key="old")
    receiver.wait_for(lambda requests: len(requests) == 1)
    _mail(port, key="new")
    receiver.wait_for(lambda requests: len(requests) == 2)
    old, new = (request.json for request in receiver.requests)
    receiver.requests.clear()

    for one in (old, new):
        connector.decide(status="rejected", decided_by="moderator:0", **one)

    assert _asked(receiver) == [("POST", "/id/7/delete/new")]


def test_what_is_no_notification_of_isso_s_is_refused(isso: tuple[Connector, int], receiver: Receiver) -> None:
    mail = EmailMessage()
    mail.set_content("Aiko wrote:\n\nHello.\n\n---\nUnsubscribe from this conversation: https://x.example\n")
    client = smtplib.SMTP("127.0.0.1", isso[1], local_hostname="localhost")
    with client, pytest.raises(smtplib.SMTPDataError):
        client.send_message(mail, "isso@blog.example.org", "token@bridge.invalid")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _mail(isso[1], to="guess")

    assert _asked(receiver) == []


def test_only_who_knows_the_token_or_signs_is_heard(cusdis: Connector, receiver: Receiver) -> None:
    forged = httpx2.post(f"{cusdis.url}/gatepost", content=b'{"type": "comment.approved"}')

    assert (cusdis.post(CUSDIS, token="guess"), forged.status_code) == (404, 401)
    assert _asked(receiver) == []


@pytest.mark.parametrize("data", [None, {}, {"approve_link": 1}, {"approve_link": LINK}])
def test_what_cannot_be_read_is_refused(cusdis: Connector, receiver: Receiver, data: object) -> None:
    assert cusdis.post({"type": "new_comment", "data": data}) == 400
    assert _asked(receiver) == []


def test_a_system_that_is_away_is_tried_again_by_gatepost(cusdis: Connector, receiver: Receiver) -> None:
    receiver.script(Answer(status=503))

    assert cusdis.decide(status="approved", metadata={"token": "a"}) == 502


def _password(request: Request) -> str:
    return base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
