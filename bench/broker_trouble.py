"""What clients see while Redis is dead, frozen, full, read-only or flushed: `python -m bench.broker_trouble`.

A whole deployment on this machine, and some submissions a second, each sent when it is due and not when the one
before was answered. For each trouble: how many were accepted, how long that took, and how long the decision took.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2
from rich.console import Console
from rich.table import Table
from sqlmodel import col, select

from service.core.models import Comment
from tests.journey import deployment as deployments
from tests.journey import ledger
from tests.journey.deployment import Deployment
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.redis import OwnRedis
from tests.servers.troubles import TROUBLES
from tests.servers.waiting import eventually

CLIENTS = 20
SETTLING_SECONDS = 8
Answer = tuple[float, str | None]


def post(client: httpx2.Client, due: float, number: int) -> Answer:
    """The seconds from when it was due, and the id if it was accepted."""
    time.sleep(max(0.0, due - time.monotonic()))
    answer = client.post("/v1/comments", json={"text": f"The letters of 1839 read quite differently now, {number}."})
    return time.monotonic() - due, answer.json()["id"] if answer.status_code == httpx2.codes.ACCEPTED else None


def submit(deployment: Deployment, seconds: float, rate: float) -> list[Answer]:
    # Sooner than the server closes an idle connection: else a request may meet it as it closes.
    limits = httpx2.Limits(keepalive_expiry=2)
    key = {"authorization": f"Bearer {deployment.key}"}
    with (
        httpx2.Client(base_url=deployment.url, headers=key, timeout=20, limits=limits) as client,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        began = time.monotonic()
        dues = [began + number / rate for number in range(round(seconds * rate))]
        posts = [pool.submit(post, client, due, number) for number, due in enumerate(dues)]
        return [one.result() for one in posts]


def decided_after(deployment: Deployment, ids: Sequence[UUID]) -> list[float]:
    with deployment.database.reading() as session:
        comments = session.exec(select(Comment).where(col(Comment.id).in_(ids))).all()
    return [(one.decided_at - one.created_at).total_seconds() for one in comments if one.decided_at]


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure(deployment: Deployment, redis: OwnRedis, name: str, seconds: float, rate: float) -> tuple[str, ...]:
    with TROUBLES[name](redis) if name in TROUBLES else nullcontext():
        # Not counted: processes that end and start use the same processors, and are another matter.
        submit(deployment, SETTLING_SECONDS, rate)
        answers = submit(deployment, seconds, rate)
        eventually(lambda: ledger.is_quiet(deployment.database), within=timedelta(minutes=2), context=deployment.tails)
    accepted = [UUID(comment_id) for _, comment_id in answers if comment_id]
    took, lag = [one for one, _ in answers], decided_after(deployment, accepted)
    figures = [percentile(took, 0.5), percentile(took, 0.99), max(took)]
    return (
        name,
        f"{len(accepted)} of {len(answers)}",
        *(f"{1000 * one:.0f}" for one in figures),
        *(f"{percentile(lag, share):.2f}" for share in (0.5, 0.99)),
        f"{max(lag):.2f}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="of each trouble")
    parser.add_argument("--rate", type=float, default=20, help="submissions a second")
    parser.add_argument("troubles", nargs="*", default=[*TROUBLES], help="; ".join(TROUBLES))
    asked = parser.parse_args()
    accept, lag = "accepted after (ms): p50", "decided after (s): p50"
    table = Table("broker", "accepted", accept, "p99", "max", lag, "p99", "max")
    with tempfile.TemporaryDirectory() as folder:
        postgresql, redis, receiver = OwnPostgreSQL(), OwnRedis(Path(folder)), Receiver()
        try:
            postgresql.initialise()
            for server in (postgresql, redis, receiver):
                server.start()
            url = postgresql.create_database()
            with deployments.server(Path(folder), receiver, url, redis.url) as deployment:
                deployment.start()
                for name in ("well", *asked.troubles, "well again"):
                    table.add_row(*measure(deployment, redis, name, asked.seconds, asked.rate))
                    Console(width=140).print(table)
        finally:
            receiver.stop()
            redis.remove()
            postgresql.remove()


if __name__ == "__main__":
    main()
