"""Receive Gatepost's webhooks: verified with the `standardwebhooks` library, `pip install standardwebhooks`.

    SECRET=whsec_… python receive.py 8080

`POST /v1/webhooks {"url": …}` gives the secret.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["SECRET"])


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        # The bytes as they came: what was parsed and written anew has another signature.
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            webhook.verify(body, {name.lower(): value for name, value in self.headers.items()})
        except WebhookVerificationError:
            self.send_error(401)
            return
        take(json.loads(body))
        self.send_response(204)
        self.end_headers()


def take(event: dict[str, Any]) -> None:
    """An event may come twice, and late: store `sequence` with the comment, and pass over what is not higher."""
    if event["type"].startswith("comment."):
        comment = event["data"]
        print(comment["external_id"], comment["sequence"], comment["status"], flush=True)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
