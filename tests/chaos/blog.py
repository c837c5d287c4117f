"""The blog's receiver as a process of its own. What it has taken in is on its record before it answers."""

import json
import random
import sys
import threading
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tests.servers import ports
from tests.servers.processes import Process
from tests.servers.receiver import OK, RESET, Answer, Receiver, Request

FAILURE = Answer(status=500)
SLOW = Answer(delay=timedelta(seconds=4))  # longer than the courier waits
# Out of a hundred events, on the first attempt.
FAILURES, SWALLOWED_REPLIES, SLOW_REPLIES = 8, 2, 1


@dataclass
class Blog:
    """How the others know the blog: an address, a secret, and a record that outlives the process."""

    folder: Path
    secret: str | None = None

    def __post_init__(self) -> None:
        self.port = ports.find_free()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.record = self.folder / "blog.jsonl"

    def process(self) -> Process:
        if self.secret is None:
            raise RuntimeError("the blog has no secret yet")
        command = [sys.executable, "-m", "tests.chaos.blog", str(self.port), self.secret, str(self.record)]
        return Process(command, log=self.folder / "blog.log")

    def requests(self) -> list[Request]:
        """What it has taken in, and what it has refused for its signature."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return [_request(line) for line in lines]


class Misbehaving(Receiver):
    """Fails some first attempts, swallows the replies of others, and is sometimes too slow."""

    def __init__(self, port: int, secret: str, record: Path) -> None:
        super().__init__(secret, port=port)
        self._record = record.open("ab", buffering=0)
        self._seen: set[str] = set()

    def receive(self, request: Request) -> Answer:
        answer = super().receive(request)
        # A long run would otherwise keep them all.
        self.requests.clear()
        if request.verified:
            answer = self._mishap(request.headers["webhook-id"])
        if answer is not FAILURE:
            self._record.write(_line(request))
        return answer

    def _mishap(self, webhook_id: str) -> Answer:
        if webhook_id in self._seen:
            return OK
        self._seen.add(webhook_id)
        [mishap] = random.Random(webhook_id).choices(
            (FAILURE, RESET, SLOW, OK),
            (FAILURES, SWALLOWED_REPLIES, SLOW_REPLIES, 100 - FAILURES - SWALLOWED_REPLIES - SLOW_REPLIES),
        )
        return mishap


def _line(request: Request) -> bytes:
    written = asdict(request) | {
        "body": b64encode(request.body).decode(),
        "received_at": request.received_at.isoformat(),
    }
    return json.dumps(written).encode() + b"\n"


def _request(line: str) -> Request:
    read = json.loads(line)
    return Request(
        **read | {"body": b64decode(read["body"]), "received_at": datetime.fromisoformat(read["received_at"])}
    )


def main() -> None:
    port, secret, record = sys.argv[1:]
    Misbehaving(int(port), secret, Path(record)).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
