"""Durable 202s a second of one web process, beside the plain way and beside no database: `python -m bench.ingest`.

Every contender is a process of its own and gets the same comments from the same client (`bench.load`), in turns; the
database is durable (fsync and synchronous_commit are on). After each run there must be as many rows as 202s.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, TypeVar
from uuid import uuid4

import psutil
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, text

from bench import load
from bench.load import Job
from bench.peers import plain_ingest
from service import migrations
from service.core import keys, sites
from service.core.db import Database, create_engine
from service.core.models import Scope
from service.core.queue import SilentBell
from tests.secret_keys import SECRET_KEYS
from tests.servers import ports
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.processes import Process
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

Server = TypeVar("Server", OwnPostgreSQL, OwnRedis)

BATCH = 100
OURS = "import sys; from service import serving; serving.serve(sys.argv[1], '127.0.0.1', int(sys.argv[2]))"
PLAIN = (
    "import sys, uvicorn;"
    " uvicorn.run(sys.argv[1], factory=True, port=int(sys.argv[2]), access_log=False, log_level='warning')"
)


@dataclass(frozen=True)
class Web:
    port: int
    process: psutil.Process

    def core_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)


@dataclass(frozen=True)
class Contender:
    name: str
    web: Web
    key: str
    # None: it has nowhere to store.
    rows: Callable[[], int] | None
    batch: int = 1


@dataclass(frozen=True)
class Figures:
    comments: float
    # Of the web process, for one comment.
    core_ms: float
    p50: float
    p99: float
    client: float


def main(
    seconds: Annotated[float, typer.Option(help="Length of each run.")] = 5,
    rounds: Annotated[int, typer.Option(help="Runs of each contender, in turns.")] = 3,
    connections: Annotated[int, typer.Option(help="Connections that are kept alive.")] = 200,
) -> None:
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        contenders = list(start_all(Path(name), stack))
        for contender in contenders:
            measure(contender, 1, connections)
        found: dict[str, list[Figures]] = {contender.name: [] for contender in contenders}
        for _ in range(rounds):
            for contender in contenders:
                found[contender.name].append(measure(contender, seconds, connections))
        tell(console, found)
        ours = contenders[1]
        half = median(one.comments for one in found[ours.name]) / 2
        paced = [measure(ours, seconds, connections, half) for _ in range(rounds)]
        console.print(
            f"{ours.name} at half that load ({half:,.0f}/s): p50 {_spread([one.p50 for one in paced])} ms,"
            f" p99 {_spread([one.p99 for one in paced])} ms"
        )


def start_all(folder: Path, stack: ExitStack) -> Iterator[Contender]:
    """PostgreSQL: plain, ours, ours with nothing behind it, batches; SQLite: plain, ours."""
    redis = stack.enter_context(running(OwnRedis(folder)))
    postgresql = stack.enter_context(running(OwnPostgreSQL()))
    start = partial(started, folder, stack, redis.url)
    for kind in ("PostgreSQL", "SQLite"):
        server = kind == "PostgreSQL"
        plain_url = postgresql.create_database() if server else f"sqlite:///{folder}/plain.db"
        ours_url = postgresql.create_database() if server else f"sqlite:///{folder}/ours.db"
        engine = stack.enter_context(plain_ingest.prepared(plain_url))
        plain = start(PLAIN, "bench.peers.plain_ingest:create_app", plain_url)
        yield Contender(f"{kind}: plain", plain, plain_ingest.KEY, partial(rows, engine, "plaincomment"))
        database, key = site(ours_url)
        stack.callback(database.engine.dispose)
        ours = start(OURS, "service.main:create_app", ours_url)
        count = partial(rows, database.engine, "comment")
        yield Contender(f"{kind}: Gatepost", ours, key, count)
        yield Contender(f"{kind}: Gatepost, batches of {BATCH}", ours, key, count, BATCH)
        if server:
            nowhere = start(OURS, "bench.peers.no_database:create_app", ours_url)
            yield Contender("no database: Gatepost", nowhere, key, None)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    try:
        if isinstance(server, OwnPostgreSQL):
            server.initialise()
        server.start()
        yield server
    finally:
        server.remove()


def site(url: str) -> tuple[Database, str]:
    migrations.upgrade(url)
    database = Database(create_engine(url), SilentBell())
    with database.transaction() as session:
        return database, keys.issue(session, sites.create(session, "Bench").id, Scope.ADMIN)


def started(folder: Path, stack: ExitStack, redis_url: str, code: str, factory: str, url: str) -> Web:
    port = ports.find_free()
    environment = {
        "GATEPOST_DATABASE_URL": url,
        "GATEPOST_REDIS_URL": redis_url,
        "GATEPOST_SECRET_KEYS": SECRET_KEYS,
        # Counted as ever, and never refused.
        "GATEPOST_REQUESTS_PER_MINUTE": "10000000",
        # A shared machine; what happens when the database is slow is no question here.
        "GATEPOST_DATABASE_TIMEOUT": "10",
    }
    command = [sys.executable, "-c", code, factory, str(port)]
    process = Process(command, log=folder / f"{port}.log", env=environment)
    stack.callback(process.kill)
    process.start()
    eventually(lambda: ports.answers(port), within=timedelta(minutes=2), context=lambda: process.tail)
    return Web(port, psutil.Process(process.pid))


def rows(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def measure(contender: Contender, seconds: float, connections: int, rate: float | None = None) -> Figures:
    # As many comments under way, or a few batches.
    at_once = max(4, connections // contender.batch)
    job = Job(contender.web.port, contender.key, uuid4().hex[:12], at_once, seconds, rate, contender.batch)
    before, busy = contender.rows() if contender.rows else 0, contender.web.core_seconds()
    report = load.report(job)
    busy = contender.web.core_seconds() - busy
    accepted = contender.batch * report["statuses"].pop(str(HTTPStatus.ACCEPTED.value), 0)
    if report["statuses"] or report["lost"]:
        raise AssertionError(f"{contender.name}: {report['statuses']}, {report['lost']} lost")
    if contender.rows and contender.rows() - before != accepted:
        raise AssertionError(f"{contender.name}: {accepted} accepted, {contender.rows() - before} rows")
    cuts = quantiles(report["late"], n=100)
    core_ms = 1000 * busy / accepted
    return Figures(
        accepted / report["seconds"], core_ms, cuts[49], cuts[98], report["core_seconds"] / report["seconds"]
    )


def tell(console: Console, found: dict[str, list[Figures]]) -> None:
    table = Table("contender", title="Durable comments a second of one web process: min / median / max")
    for column in ("comments/s", "x plain", "core ms", "x plain", "p50 ms", "p99 ms", "client's core"):
        table.add_column(column, justify="right")
    for name, figures in found.items():
        # What stores nowhere is compared with PostgreSQL's, which come first.
        kind = name.split(":")[0]
        peer = next((one for one in found if one == f"{kind}: plain"), next(iter(found)))
        faster = median(one.comments for one in figures) / median(one.comments for one in found[peer])
        cheaper = median(one.core_ms for one in found[peer]) / median(one.core_ms for one in figures)
        table.add_row(
            name,
            _spread([one.comments for one in figures]),
            f"{faster:.1f}",
            _spread([one.core_ms for one in figures], 2),
            f"{cheaper:.1f}",
            _spread([one.p50 for one in figures]),
            _spread([one.p99 for one in figures]),
            f"{median(one.client for one in figures):.0%}",
        )
    console.print(table)


def _spread(values: list[float], digits: int = 0) -> str:
    return " / ".join(f"{value:,.{digits}f}" for value in (min(values), median(values), max(values)))


if __name__ == "__main__":
    typer.run(main)
