"""From submission to verified webhook, beside one Celery task per comment: `python -m bench.pipeline`.

Three questions. What does the queue cost a worker for each comment: everything but the judgement, the look at the past
that is part of it, and HTTP; beside one Celery task that does nothing. How late is the webhook at a steady rate. How
many comments a second come through, wall and processor, beside `bench.peers.celery_per_comment` with the same engine.
Every comment must be decided once and every webhook verify, or the run fails.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx2
import psutil
import typer
from celery import Celery
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from standardwebhooks import Webhook

from bench import load
from bench.ingest import running, site
from bench.load import Job
from bench.peers import plain_ingest
from bench.receiver import Receiver, receiving
from service.core import logs, signing, submissions, webhooks
from service.core.db import Database
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.engines import word_scorer
from tests.journey import deployment
from tests.secret_keys import KEYRING
from tests.servers import ports
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.processes import Process
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually
from workers import history, judgement, scoring

PATIENCE = timedelta(minutes=5)
PEER = "bench.peers.celery_per_comment"
WORDS = Path(__file__).read_text().split()

# The queue, the judgement, the look at the past.
Costs = tuple[float, float, float]

# What the queue costs


def queue_costs(console: Console, database: Database, redis_url: str, folder: Path, size: tuple[int, int]) -> None:
    """Microseconds of a worker's processor a comment. `size`: comments, rounds."""
    count, rounds = size
    database.keyring = KEYRING
    with database.transaction() as session:
        [site_id] = session.scalars(text("SELECT id FROM site")).all()
        webhooks.create(session, site_id, "http://127.0.0.1:9999/", allow_private=True)
    table = Table("", title="Worker's microseconds of processor a comment: min / median / max")
    for column in ("queue", "judgement", "past"):
        table.add_column(column, justify="right")
    ours: dict[int, list[Costs]] = {64: [], 256: []}
    tasks = []
    # Before it counts, everything is imported, compiled and prepared.
    _our_step(database, site_id, 64, 500, folder)
    for _ in range(rounds):
        for batch, found in ours.items():
            found.append(_our_step(database, site_id, batch, count, folder))
        tasks.append(_celery_task(redis_url, folder, count))
    for batch, found in ours.items():
        table.add_row(f"Gatepost, batches of {batch}", *(_spread(list(column)) for column in zip(*found, strict=True)))
    table.add_row("one Celery task a comment: work", _spread([work for work, _ in tasks]))
    table.add_row("one Celery task a comment: publishing", _spread([publishing for _, publishing in tasks]))
    console.print(table)
    both = median(sum(one) for one in tasks)
    for batch, found in ours.items():
        queue = median(one[0] for one in found)
        console.print(f"batches of {batch}: one task and its publishing cost {both / queue:.1f} times as much")


def _our_step(database: Database, site_id: UUID, batch: int, count: int, folder: Path) -> Costs:
    run = uuid4().hex[:8]
    for start in range(0, count, 100):
        with database.transaction() as session:
            made = [_submission(run, number) for number in range(start, start + 100)]
            submissions.submit_all(session, site_id, made)
    settings = Settings(score_batch=batch, log_format="json", _env_file=None)
    spent = {"judge": 0.0, "of": 0.0}
    done = 0
    with _log_to(folder / "log"), _timed(judgement, "judge", spent), _timed(history, "of", spent):
        logs.configure(settings)
        began = time.process_time()
        while claimed := scoring.score_batch(database, word_scorer(), settings):
            done += claimed
        total = time.process_time() - began
    if done != count:
        raise AssertionError(f"{count} submitted, {done} decided")
    _decided_once(database, run, count)
    rest = total - sum(spent.values())
    queue, judging, past = (1e6 * seconds / count for seconds in (rest, spent["judge"], spent["of"]))
    return queue, judging, past


def _submission(run: str, number: int) -> Submission:
    said = " ".join(WORDS[number * 7 % 1200 :][:12])
    author = f"reader-{number % 97}@example.org"
    return Submission(text=f"{said} {number}", external_id=f"{run}-{number}", author_email=author)


def _decided_once(database: Database, run: str, count: int) -> None:
    asked = text(
        "SELECT count(*), count(DISTINCT comment.id) FROM comment JOIN event ON event.comment_id = comment.id"
        " WHERE external_id LIKE :run AND status != 'pending'"
    )
    with database.reading() as session:
        found = tuple(session.execute(asked, {"run": f"{run}%"}).one())
    if found != (count, count):
        raise AssertionError(f"of {count} comments: {found} events, comments")


@contextmanager
def _timed(module: Any, name: str, spent: dict[str, float]) -> Iterator[None]:
    genuine = getattr(module, name)

    def timed(*arguments: Any) -> Any:
        began = time.process_time()
        try:
            return genuine(*arguments)
        finally:
            spent[name] += time.process_time() - began

    setattr(module, name, timed)
    yield
    setattr(module, name, genuine)


@contextmanager
def _log_to(path: Path) -> Iterator[None]:
    """Standard error goes to a file: a worker's log is part of its work."""
    kept, sys.stderr = sys.stderr, path.open("w")
    yield
    sys.stderr.close()
    sys.stderr = kept


def _celery_task(redis_url: str, folder: Path, count: int) -> tuple[float, float]:
    """Worker and publisher."""
    worker = _peer_worker(folder, {"GATEPOST_REDIS_URL": redis_url}, processes=1)
    app = Celery("peer", broker=redis_url)
    send = partial(app.send_task, f"{PEER}.nothing", queue="peer", ignore_result=True)
    try:
        worker.start()
        send(["warm"])
        eventually(lambda: _waiting(app) == 0, within=PATIENCE, context=lambda: worker.tail)
        worker.freeze()
        published = time.process_time()
        for _ in range(count):
            send([str(uuid4())])
        published = time.process_time() - published
        before = busy(worker)
        worker.thaw()
        eventually(lambda: _waiting(app) == 0, within=PATIENCE, context=lambda: worker.tail)
        return 1e6 * (busy(worker) - before) / count, 1e6 * published / count
    finally:
        worker.kill()


def _waiting(app: Celery) -> int:
    with app.connection_for_read() as connection:
        return int(connection.default_channel.client.llen("peer"))


def _peer_worker(folder: Path, environment: dict[str, str], processes: int) -> Process:
    celery = ["-m", "celery", "-A", PEER, "worker", "-Q", "peer", "-c", str(processes), "-l", "WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return Process([sys.executable, *celery, *quiet], log=folder / "peer-worker.log", env=environment)


def busy(process: Process) -> float:
    """Seconds of processor of it and its children."""
    top = psutil.Process(process.pid)
    times = [one.cpu_times() for one in [top, *top.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


# From submission to webhook


class Blog:
    """A receiver that verifies, after the run, what came."""

    def __init__(self, receiver: Receiver) -> None:
        self.url = receiver.url
        self.secret: str | None = None
        self.count = receiver.count
        self._receiver = receiver

    def arrived(self) -> dict[str, float]:
        """When the webhook of each external id came, by this machine's monotonic clock. Raises when one is forged."""
        verifier = Webhook(self.secret or "")
        found: dict[str, float] = {}
        for request in self._receiver.take():
            external_id = verifier.verify(request.body, request.headers)["data"]["external_id"]
            if external_id in found:
                raise AssertionError(f"{external_id} came twice")
            found[external_id] = request.at
        return found


@dataclass
class Contender:
    name: str
    port: int
    key: str
    processes: list[Process]
    blog: Blog


@contextmanager
def gatepost(folder: Path, blog: Blog, servers: tuple[str, str] | None) -> Iterator[Contender]:
    folder.mkdir()
    made = deployment.server(folder, blog, *servers) if servers else deployment.embedded(folder, blog)
    with made as ours:
        ours.start()
        port = int(ours.url.rpartition(":")[2])
        name = "Gatepost, PostgreSQL and Redis" if servers else "Gatepost, embedded"
        yield Contender(name, port, ours.key, list(ours.processes.values()), blog)


@contextmanager
def peer(folder: Path, blog: Blog, database_url: str, redis_url: str) -> Iterator[Contender]:
    folder.mkdir()
    blog.secret = signing.new_secret()
    environment = {
        "GATEPOST_DATABASE_URL": database_url,
        "GATEPOST_REDIS_URL": redis_url,
        "PEER_WEBHOOK": blog.url,
        "PEER_SECRET": blog.secret,
    }
    port = ports.find_free()
    serve = (
        f"import uvicorn; uvicorn.run('{PEER}:create_app', factory=True, port={port}, access_log=False,"
        " log_level='warning')"
    )
    web = Process([sys.executable, "-c", serve], log=folder / "peer-web.log", env=environment)
    # As many processes as Gatepost has for the same work: a scorer and a courier.
    worker = _peer_worker(folder, environment, processes=2)
    with plain_ingest.prepared(database_url):
        try:
            web.start()
            worker.start()
            eventually(lambda: ports.answers(port), within=PATIENCE, context=lambda: web.tail)
            yield Contender("FastAPI and a Celery task a comment", port, plain_ingest.KEY, [web, worker], blog)
        finally:
            web.kill()
            worker.kill()


def paced(contender: Contender, rate: float, count: int) -> list[float]:
    """Milliseconds from each submission, when it was due, to its webhook."""
    run = uuid4().hex[:8]
    client = httpx2.Client(
        base_url=f"http://127.0.0.1:{contender.port}", headers={"authorization": f"Bearer {contender.key}"}, timeout=60
    )
    began = time.monotonic() + 0.1

    def submit(number: int) -> tuple[str, float]:
        due = began + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        one = _submission(run, number)
        told = {"text": one.text, "external_id": one.external_id, "author_email": one.author_email}
        client.post("/v1/comments", json=told).raise_for_status()
        return f"{run}-{number}", due

    # Several threads, so that one slow answer does not hold up the next comment.
    with client, ThreadPoolExecutor(4) as threads:
        sent = dict(threads.map(submit, range(count)))
    eventually(lambda: contender.blog.count() >= count, within=PATIENCE, context=partial(_tails, contender))
    arrived = contender.blog.arrived()
    if arrived.keys() != sent.keys():
        raise AssertionError(f"{len(sent)} sent, {len(arrived)} told")
    return [1000 * (arrived[one] - due) for one, due in sent.items()]


def sustained(contender: Contender, seconds: float) -> tuple[float, float]:
    """Comments a second from the first submission to the last webhook; comments a second of processor."""
    before = sum(busy(process) for process in contender.processes)
    began = time.monotonic()
    job = Job(contender.port, contender.key, uuid4().hex[:8], 32, seconds)
    statuses = load.report(job)["statuses"]
    count = statuses.pop(str(HTTPStatus.ACCEPTED.value), 0)
    if statuses:
        raise AssertionError(f"{contender.name}: {statuses}")
    eventually(lambda: contender.blog.count() >= count, within=PATIENCE, context=partial(_tails, contender))
    spent = sum(busy(process) for process in contender.processes) - before
    arrived = contender.blog.arrived()
    if len(arrived) != count:
        raise AssertionError(f"{contender.name}: {count} accepted, {len(arrived)} told")
    return count / (max(arrived.values()) - began), count / spent


def _tails(contender: Contender) -> str:
    return "\n".join(process.tail for process in contender.processes)


def main(
    comments_: Annotated[int, typer.Option("--comments", help="Comments of each measurement of the queue.")] = 2000,
    rate: Annotated[float, typer.Option(help="Comments a second, for the latencies.")] = 20,
    seconds: Annotated[float, typer.Option(help="Length of each run.")] = 10,
    rounds: Annotated[int, typer.Option(help="Runs of each contender, in turns.")] = 3,
    engine: Annotated[str, typer.Option(help="Of all contenders.")] = "compact",
) -> None:
    os.environ["GATEPOST_ENGINE"] = engine
    os.environ["GATEPOST_REQUESTS_PER_MINUTE"] = "10000000"
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        redis = stack.enter_context(running(OwnRedis(folder)))
        postgresql = stack.enter_context(running(OwnPostgreSQL()))
        database, _ = site(postgresql.create_database())
        queue_costs(console, database, redis.url, folder, (comments_, rounds))
        database.engine.dispose()
        receivers = [Blog(stack.enter_context(receiving())) for _ in range(3)]
        contenders = [
            stack.enter_context(peer(folder / "peer", receivers[0], postgresql.create_database(), redis.url)),
            stack.enter_context(
                gatepost(folder / "server", receivers[1], (postgresql.create_database(), f"{redis.url}"))
            ),
            stack.enter_context(gatepost(folder / "embedded", receivers[2], None)),
        ]
        tell(console, contenders, rate, seconds, rounds)


def tell(console: Console, contenders: list[Contender], rate: float, seconds: float, rounds: int) -> None:
    late: dict[str, list[float]] = {one.name: [] for one in contenders}
    through: dict[str, list[tuple[float, float]]] = {one.name: [] for one in contenders}
    for one in contenders:
        paced(one, rate, int(rate))
        sustained(one, 1)
    for _ in range(rounds):
        for one in contenders:
            late[one.name] += paced(one, rate, int(rate * seconds))
            through[one.name].append(sustained(one, seconds))
    table = Table("contender", title="From submission to verified webhook")
    for column in (f"p50 ms at {rate:g}/s", "p99 ms", "comments/s", "x", "a second of processor", "x"):
        table.add_column(column, justify="right")
    peers = [median(column) for column in zip(*through[contenders[0].name], strict=True)]
    for one in contenders:
        cuts = quantiles(late[one.name], n=100)
        wall, cpu = ([*column] for column in zip(*through[one.name], strict=True))
        ratios = [f"{median(column) / base:.1f}" for column, base in zip((wall, cpu), peers, strict=True)]
        table.add_row(one.name, f"{cuts[49]:.0f}", f"{cuts[98]:.0f}", _spread(wall), ratios[0], _spread(cpu), ratios[1])
    console.print(table)


def _spread(values: list[float]) -> str:
    return f"{min(values):,.0f} / {median(values):,.0f} / {max(values):,.0f}"


if __name__ == "__main__":
    typer.run(main)
