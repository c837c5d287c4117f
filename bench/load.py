"""Posts comments as fast as they are answered, or at a rate: `python -m bench.load < job.json`, a report in JSON out.

A process of its own on raw sockets: the client must neither be the bottleneck nor share the server's interpreter.
"""

import asyncio
import json
import random
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

WORDS = sorted(set(re.findall("[a-z]{3,}", Path(__file__).read_text("utf-8"))))
# A prime, as the number of posts is: readers and posts come together in ever other pairs.
READERS = 9973


def comment(run: str, number: int) -> dict[str, Any]:
    """What one of many readers writes: the same words again and again would be a flood, and be looked at as one."""
    said = " ".join(random.Random(number).choices(WORDS, k=15))
    reader = number % READERS
    return {
        "text": f"The letters of 1839 read quite differently: {said}.",
        "author_name": "Aiko",
        "author_email": f"aiko-{reader}@example.org",
        "author_ip": f"203.0.{reader // 250}.{reader % 250}",
        "post_id": f"post-{number % 97}",
        "permalink": "https://blog.example.org/treaty",
        "metadata": {"thread": 7},
        "external_id": f"{run}-{number}",
    }


@dataclass(frozen=True)
class Job:
    port: int
    key: str
    run: str
    connections: int
    seconds: float
    # Requests a second, over all connections; none: each connection sends again when it is answered.
    rate: float | None = None
    # Comments a request; more than one go to the batch route.
    batch: int = 1


@dataclass
class Report:
    """`late`: milliseconds from when a request was due to its answer, in order."""

    statuses: dict[int, int] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    seconds: float = 0.0
    core_seconds: float = 0.0
    # Requests whose connection ended before the answer.
    lost: int = 0


class Client(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._received = b""
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._load.idle.append(self)

    def send(self, due: float) -> None:
        self._due = due
        self._transport.write(self._load.request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, gap, body = self._received.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._received = b""
        self._load.answered(int(head[9:12]), self._due)
        self._load.idle.append(self)
        self._load.go_on()

    def connection_lost(self, _: Exception | None) -> None:
        self._load.open -= 1
        if self in self._load.idle:
            self._load.idle.remove(self)
        else:
            self._load.report.lost += 1


class Load:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.idle: list[Client] = []
        self.open = job.connections
        self.report = Report()
        self._numbers = count(1)
        self._path = "/v1/comments" if job.batch == 1 else "/v1/comments/batch"
        self._began = time.perf_counter()
        self._sent = 0

    def go_on(self) -> None:
        now = time.perf_counter()
        while self.idle and now < self._began + self.job.seconds:
            due = now if self.job.rate is None else self._began + self._sent / self.job.rate
            if due > now:
                return
            self._sent += 1
            self.idle.pop().send(due)

    def request(self) -> bytes:
        made = [comment(self.job.run, next(self._numbers)) for _ in range(self.job.batch)]
        body = json.dumps(made[0] if self.job.batch == 1 else {"comments": made}).encode()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.job.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def answered(self, status: int, due: float) -> None:
        self.report.statuses[status] = self.report.statuses.get(status, 0) + 1
        self.report.late.append(1000 * (time.perf_counter() - due))

    async def go(self) -> Report:
        loop = asyncio.get_running_loop()
        # All of them before the first request: on a busy machine connecting takes as long as a run.
        for _ in range(self.job.connections):
            await loop.create_connection(lambda: Client(self), "127.0.0.1", self.job.port)
        self._began = time.perf_counter()
        busy = time.process_time()
        self.go_on()
        while time.perf_counter() < self._began + self.job.seconds:
            await asyncio.sleep(0.001 if self.job.rate else 0.05)
            self.go_on()
        self.report.seconds = time.perf_counter() - self._began
        self.report.core_seconds = time.process_time() - busy
        # Those that are still under way are counted, so that each row has its answer.
        while len(self.idle) < self.open:  # noqa: ASYNC110 - a poll is enough
            await asyncio.sleep(0.02)
        return self.report


def report(job: Job) -> dict[str, Any]:
    """Do the job in a process of its own; its `Report`, as JSON has it."""
    asked = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(job)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    told: dict[str, Any] = json.loads(asked.stdout)
    return told


def main() -> None:
    load = asyncio.run(_run(Job(**json.load(sys.stdin))))
    json.dump(asdict(load), sys.stdout)


async def _run(job: Job) -> Report:
    return await Load(job).go()


if __name__ == "__main__":
    main()
