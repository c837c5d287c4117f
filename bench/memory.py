"""Memory of web, scorer, courier and sweeper, and what it grows by over many comments: `python -m bench.memory`.

A deployment on PostgreSQL and Redis gets comments in batches; after each tenth all must be decided and told, and each
process is looked at. USS is what would be free if a process ended, RSS counts shared pages in every process. Growth is
from the third look to the last: before, pools fill and caches warm.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import psutil
import typer
from rich.console import Console
from rich.table import Table

from bench.ingest import running
from bench.pipeline import Blog
from bench.receiver import receiving
from service.core.settings import EngineName
from tests.journey import deployment
from tests.journey.deployment import Deployment
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

LOOKS = 10
BATCH = 100
MEGABYTE = 1e6
# The whole text is nonsense, but no two are alike: what is the same again and again would hide what is kept of each.
WORDS = Path(__file__).read_text().split()


def main(
    comments: Annotated[int, typer.Option(help="How many; 100000 for the real run.")] = 5000,
    engine: Annotated[EngineName, typer.Option(help="The scorer's.")] = "cascade",
) -> None:
    os.environ["GATEPOST_ENGINE"] = engine
    os.environ["GATEPOST_REQUESTS_PER_MINUTE"] = "10000000"
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        redis = stack.enter_context(running(OwnRedis(folder)))
        postgresql = stack.enter_context(running(OwnPostgreSQL()))
        blog = Blog(stack.enter_context(receiving()))
        ours = stack.enter_context(deployment.server(folder, blog, postgresql.create_database(), redis.url))
        ours.start()
        looks = []
        for _ in range(LOOKS):
            _send(ours, blog, max(comments // LOOKS // BATCH, 1))
            looks.append(dict(_look(ours)))
        _tell(looks, engine, LOOKS * BATCH * max(comments // LOOKS // BATCH, 1))


def _send(ours: Deployment, blog: Blog, batches: int) -> None:
    run = uuid4().hex[:8]
    with ours.client() as client:
        for batch in range(batches):
            numbers = range(batch * BATCH, (batch + 1) * BATCH)
            said = [_comment(run, number) for number in numbers]
            client.post("/v1/comments/batch", json={"comments": said}).raise_for_status()
            # Not all at once: what waits is in the database, and a long queue says nothing of memory.
            _wait(ours, blog, (batch - 5) * BATCH)
    _wait(ours, blog, batches * BATCH)
    if len(blog.arrived()) != batches * BATCH:
        raise AssertionError("a webhook is missing")


def _wait(ours: Deployment, blog: Blog, count: int) -> None:
    eventually(lambda: blog.count() >= count, within=timedelta(minutes=10), context=ours.tails)


def _comment(run: str, number: int) -> dict[str, str]:
    said = " ".join(WORDS[number * 7 % (len(WORDS) - 20) :][:15])
    author = f"{run}-{number % 997}@example.org"
    return {"text": f"{said} {run} {number}", "external_id": f"{run}-{number}", "author_email": author}


def _look(ours: Deployment) -> Iterator[tuple[str, tuple[float, float]]]:
    """(RSS, USS) of each process in megabytes; of the workers' the parent and its largest child."""
    for name, process in ours.processes.items():
        top = psutil.Process(process.pid)
        found = [_memory(one) for one in [top, *top.children(recursive=True)]]
        if len(found) == 1:
            yield name, found[0]
            continue
        yield f"{name}: supervisors, all together", tuple(map(sum, zip(*sorted(found)[:-1], strict=True)))  # type: ignore[misc]
        yield f"{name}: the process that works", max(found)


def _memory(process: psutil.Process) -> tuple[float, float]:
    found = process.memory_full_info()
    return found.rss / MEGABYTE, found.uss / MEGABYTE


def _tell(looks: list[dict[str, tuple[float, float]]], engine: str, comments: int) -> None:
    table = Table("process", title=f"Megabytes, {comments:,} comments, engine {engine}")
    for column in ("RSS, most", "RSS, last", "USS, third look", "USS, last", "growth a 1,000 comments"):
        table.add_column(column, justify="right")
    for name, (rss, uss) in looks[-1].items():
        third = looks[2].get(name, (0.0, 0.0))[1]
        most = max(look[name][0] for look in looks if name in look)
        growth = (uss - third) / (comments * (LOOKS - 3) / LOOKS) * 1000
        table.add_row(name, f"{most:.0f}", f"{rss:.0f}", f"{third:.1f}", f"{uss:.1f}", f"{growth:+.3f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
