"""Signed webhooks a second of one courier process, from its claims to its records: `python -m bench.courier`.

Beside `requests.post` in a loop, which signs but claims and records nothing, and beside our client alone. The courier
gets events of ten endpoints, all due at the start, then of one; every event must arrive once and verify. Then one
endpoint, of which one answer in a hundred takes for ever and the others 150 ms: a large blog on a bad day.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Annotated
from uuid import UUID

import structlog
import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select
from sqlmodel import col
from standardwebhooks import Webhook

from bench.fair_delivery import owe
from bench.ingest import running
from bench.receiver import Receiver, receiving
from bench.webhook_posts import in_a_loop, one_client
from service import migrations
from service.core import signing_keys, sites, webhooks
from service.core.db import Database, create_engine
from service.core.models import Delivery, OutboxRow
from service.core.queue import SilentBell
from service.core.settings import Settings
from tests.secret_keys import KEYRING
from tests.servers.postgresql import OwnPostgreSQL
from workers import delivery

SETTINGS = Settings(webhook_allow_private=True, _env_file=None)


def main(
    events: Annotated[int, typer.Option(help="Webhooks of each run.")] = 1000,
    rounds: Annotated[int, typer.Option(help="Runs of each way, in turns.")] = 3,
    bad_seconds: Annotated[float, typer.Option(help="How long the receiver with the bad day is served.")] = 20,
) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        receiver = stack.enter_context(receiving())
        databases = {
            "PostgreSQL": stack.enter_context(_postgresql()),
            "SQLite": stack.enter_context(_database(f"sqlite:///{Path(folder) / 'bench.db'}")),
        }
        ways: dict[str, Callable[[], tuple[float, float]]] = {
            "requests.post in a loop": lambda: _alone(in_a_loop, receiver, events),
            "our client alone, 32 at once": lambda: _alone(one_client(32), receiver, events),
        }
        for name, database in databases.items():
            for count in (10, 1):
                way = f"the courier, {name}, {count} endpoint{'s' * (count > 1)}"
                ways[way] = partial(_courier, database, receiver, events, count)
        for run in ways.values():
            run()
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, run in ways.items():
                found[name].append(run())
        _tell(found)
        bad = stack.enter_context(receiving(delay=0.15, silent_every=100))
        print(f"a bad day, one endpoint: {_bad_day(databases['PostgreSQL'], bad, bad_seconds):.0f} webhooks a second")


@contextmanager
def _postgresql() -> Iterator[Database]:
    with running(OwnPostgreSQL()) as server, _database(server.create_database()) as database:
        yield database


@contextmanager
def _database(url: str) -> Iterator[Database]:
    migrations.upgrade(url)
    database = Database(create_engine(url), SilentBell(), keyring=KEYRING)
    yield database
    database.engine.dispose()


def _alone(send: Callable[[str, int], None], receiver: Receiver, events: int) -> tuple[float, float]:
    began, busy = time.perf_counter(), time.process_time()
    send(receiver.url, events)
    figures = events / (time.perf_counter() - began), 1e6 * (time.process_time() - busy) / events
    if len(receiver.take()) != events:
        raise AssertionError("some did not arrive")
    return figures


def _courier(database: Database, receiver: Receiver, events: int, endpoints: int) -> tuple[float, float]:
    secrets = _owe(database, receiver.url, events, endpoints)
    began, busy = time.perf_counter(), time.process_time()
    while delivery.deliver_batch(database, SETTINGS):
        pass
    figures = events / (time.perf_counter() - began), 1e6 * (time.process_time() - busy) / events
    _all_arrived(database, receiver, secrets, events)
    return figures


def _owe(database: Database, url: str, events: int, endpoints: int) -> dict[UUID, str]:
    """The secrets of new endpoints, by their ids."""
    with database.transaction() as session:
        site_id = sites.create(session, f"Bench {time.monotonic()}").id
        made = [webhooks.create(session, site_id, f"{url}/{number}", allow_private=True) for number in range(endpoints)]
        secrets = {endpoint.id: signing_keys.shared_secret(session, endpoint) or "" for endpoint in made}
    owe(database, site_id, [*secrets], events)
    return secrets


def _all_arrived(database: Database, receiver: Receiver, secrets: dict[UUID, str], events: int) -> None:
    came = receiver.take()
    by_number = [Webhook(secret) for secret in secrets.values()]
    for request in came:
        by_number[int(request.path.rpartition("/")[2])].verify(request.body, request.headers)
    with database.reading() as session:
        recorded = session.scalar(
            select(func.count(func.distinct(Delivery.event_id))).where(
                col(Delivery.endpoint_id).in_(secrets), webhooks.succeeded()
            )
        )
        owed = session.scalar(
            select(func.count()).select_from(OutboxRow).where(col(OutboxRow.endpoint_id).in_(secrets))
        )
    found = (len({request.headers["webhook-id"] for request in came}), len(came), recorded, owed)
    if found != (events, events, events, 0):
        raise AssertionError(f"{events} events: {found} told, posts, recorded, still owed")


def _bad_day(database: Database, receiver: Receiver, seconds: float) -> float:
    """Webhooks a second of one endpoint that never answers one request of a hundred."""
    _owe(database, receiver.url, int(seconds * 400), 1)
    until = time.monotonic() + seconds
    began = time.monotonic()
    while time.monotonic() < until:
        delivery.deliver_batch(database, SETTINGS)
    return len(receiver.take()) / (time.monotonic() - began)


def _tell(found: dict[str, list[tuple[float, float]]]) -> None:
    table = Table("way", title="min / median / max")
    for column in ("webhooks/s", "x", "microseconds of processor", "x"):
        table.add_column(column, justify="right")
    base = [median(column) for column in zip(*next(iter(found.values())), strict=True)]
    for name, figures in found.items():
        wall, cpu = ([*column] for column in zip(*figures, strict=True))
        ratios = median(wall) / base[0], base[1] / median(cpu)
        table.add_row(name, _spread(wall), f"{ratios[0]:.1f}", _spread(cpu), f"{ratios[1]:.1f}")
    Console(width=120).print(table)


def _spread(values: list[float]) -> str:
    return f"{min(values):,.0f} / {median(values):,.0f} / {max(values):,.0f}"


if __name__ == "__main__":
    typer.run(main)
