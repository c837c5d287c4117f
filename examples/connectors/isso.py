"""Publish in Isso what Gatepost approves, delete there what a human rejects: `python isso.py 8090 8025`.

Needs `aiosmtpd`, what `bridge` needs, and

    ISSO             where yours is, https://comments.example.org
    SPOOL            a file of this program's own

Isso tells its owner of each comment by mail, here to port 8025. In its configuration: `moderation` is enabled;
`general` has `notify = smtp`; `smtp` has `host = 127.0.0.1`, `port = 8025`, `security = none` and
`to = TOKEN@bridge.invalid`.

Isso tells once: it does not try again when its mail is not taken. So a comment is on the disk before its mail is
answered, and is handed in until Gatepost has it. Of the links in a mail only the key is used, so nobody can make this
program call another address.
"""

import hashlib
import hmac
import html
import json
import os
import re
import sqlite3
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import bridge
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

AGAIN_SECONDS = 30
# What Isso 0.13 and 0.14 write (`isso/ext/notifications.py`). What follows the last `---` is Isso's own, whatever the
# comment says; so is a `<` in the first line.
MAIL = re.compile(
    r"(?P<author>[^<]*?)(?: <(?P<email>[^<>]*)>)? wrote:\n\n(?P<text>.*)\n\n"
    # Of the IP address Isso tells the network alone: no use here.
    r"(?:User's URL: (?P<website>[^\n]*)\n)?IP address: [^\n]*\nLink to comment: (?P<link>[^\n]*)\n\n"
    r"---\nDelete comment: [^\n]*/id/(?P<id>\d+)/delete/(?P<key>[\w.-]+)\n(?:Activate comment: [^\n]*\n)?",
    re.DOTALL,
)

arrived = threading.Event()


def submission(mail: EmailMessage) -> bridge.Submission:
    """Raises ValueError when this is none of Isso's notifications to its owner."""
    found = MAIL.fullmatch(mail.get_content())
    if not found:
        raise ValueError("no notification")
    known = {
        # Isso gives the number of its last comment to the next one, once that is deleted. The key is another one.
        "external_id": f"{found['id']}-{hashlib.sha256(found['key'].encode()).hexdigest()[:16]}",
        "text": found["text"],
        "author_name": html.unescape(found["author"]),
        "author_email": html.unescape(found["email"] or ""),
        "author_url": html.unescape(found["website"] or ""),
        "permalink": found["link"],
        "post_id": found["link"].partition("#")[0],
        "post_title": str(mail["subject"]).partition(" on ")[2],
        "metadata": {"id": int(found["id"]), "key": found["key"]},
    }
    return {name: value for name, value in known.items() if value}


def decided(comment: Mapping[str, Any]) -> None:
    """What is held stays unpublished; so does what the rules alone have rejected, which a human may still approve."""
    is_human = comment["decided_by"] != "policy"
    action = {"approved": "activate", "rejected": "delete" if is_human else None}.get(comment["status"])
    if action and is_latest(comment):
        known = comment["metadata"]
        bridge.call("POST", f"{os.environ['ISSO']}/id/{int(known['id'])}/{action}/{known['key']}")


@contextmanager
def spool() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(os.environ["SPOOL"])) as connection, connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS comment (id INTEGER PRIMARY KEY, external_id TEXT NOT NULL, submission TEXT)"
        )
        yield connection


def keep(comment: bridge.Submission) -> None:
    """On the disk when this returns. The comment that had the same number before is deleted at Isso."""
    with spool() as connection:
        row = (comment["metadata"]["id"], comment["external_id"], json.dumps(comment))
        connection.execute("INSERT OR REPLACE INTO comment VALUES (?, ?, ?)", row)
    arrived.set()


def is_latest(comment: Mapping[str, Any]) -> bool:
    """Whether Isso means this comment by its number; of what is not known here, it does."""
    with spool() as connection:
        known = connection.execute("SELECT external_id FROM comment WHERE id = ?", [comment["metadata"]["id"]])
        found = known.fetchone()
    return found is None or found[0] == comment["external_id"]


def hand_in() -> None:
    """Give Gatepost what it does not have. Twice does no harm: it knows the `external_id`."""
    with spool() as connection:
        waiting = connection.execute(
            "SELECT external_id, submission FROM comment WHERE submission IS NOT NULL"
        ).fetchall()
    for external_id, comment in waiting:
        try:
            bridge.submit(json.loads(comment))
        except OSError as error:
            print(f"Gatepost did not take {external_id}, it is tried again: {error}", file=sys.stderr)
            continue
        with spool() as connection:
            connection.execute("UPDATE comment SET submission = NULL WHERE external_id = ?", [external_id])


def hand_in_for_ever() -> None:
    while True:
        arrived.clear()
        hand_in()
        arrived.wait(AGAIN_SECONDS)


class Mailbox:
    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if not hmac.compare_digest(address.partition("@")[0].encode(), os.environ["TOKEN"].encode()):
            return "550 There is no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        try:
            mail = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
            keep(submission(mail))
        except (LookupError, ValueError):
            return "554 This is no notification of Isso's"
        return "250 OK"


def nothing(_: Any) -> None:
    """Isso posts nothing: it writes mails."""


if __name__ == "__main__":
    threading.Thread(target=hand_in_for_ever, daemon=True).start()
    Controller(Mailbox(), "127.0.0.1", int(sys.argv[2])).start()
    bridge.run(nothing, decided)
