"""Between a comment system and Gatepost: hands its comments in, and takes the decisions back.

It stores nothing: what it needs to know of a comment later travels along as `metadata`. Needs `standardwebhooks`.

    GATEPOST, KEY    where Gatepost is, and a key of the site
    SECRET           of the webhook endpoint http://<here>/gatepost (`POST /v1/webhooks`)
    TOKEN            a long random word: the comment system posts to http://<here>/comments/TOKEN
"""

import hmac
import json
import os
import sys
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from standardwebhooks import Webhook, WebhookVerificationError

SECONDS = 10

Submission = dict[str, Any]


def run(submission: Callable[[Any], Submission | None], decided: Callable[[Mapping[str, Any]], None]) -> None:
    """`submission` makes one of what the comment system posts; `decided` acts on a decision, the `data` of an event.

    Both raise LookupError, TypeError or ValueError for what they cannot read, OSError when the other side does not
    answer: then the sender is told, and Gatepost for one tries again.
    """
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Bridge)
    Bridge.submission, Bridge.decided = staticmethod(submission), staticmethod(decided)
    server.serve_forever()


class Bridge(BaseHTTPRequestHandler):
    webhook = Webhook(os.environ["SECRET"])
    address = f"/comments/{os.environ['TOKEN']}"
    submission: Callable[[Any], Submission | None]
    decided: Callable[[Mapping[str, Any]], None]

    def do_POST(self) -> None:
        try:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status = self.take_decision(body) if self.path == "/gatepost" else self.take_comment(body)
        except OSError:
            status = 502
        except (LookupError, TypeError, ValueError):
            status = 400
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: the path holds the token."""

    def take_decision(self, body: bytes) -> int:
        try:
            self.webhook.verify(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError:
            return 401
        event = json.loads(body)
        if event["type"].startswith("comment."):
            self.decided(event["data"])
        return 204

    def take_comment(self, body: bytes) -> int:
        if not hmac.compare_digest(self.path.encode(), self.address.encode()):
            return 404
        if comment := self.submission(json.loads(body)):
            submit(comment)
        return 204


def submit(comment: Submission) -> None:
    """Hand the comment in. Raises OSError when Gatepost does not take it."""
    _send("POST", f"{os.environ['GATEPOST']}/v1/comments", comment, f"Bearer {os.environ['KEY']}")


def call(method: str, url: str, authorization: str = "") -> None:
    """Act at the comment system. Raises OSError for every answer but 2xx and 404: what is gone needs nothing."""
    try:
        _send(method, url, None, authorization)
    except HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise


def _send(method: str, url: str, body: object, authorization: str) -> None:
    headers = {"content-type": "application/json"} | ({"authorization": authorization} if authorization else {})
    data = None if body is None else json.dumps(body).encode()
    urlopen(Request(url, data, headers, method=method), timeout=SECONDS).close()
