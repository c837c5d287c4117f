"""One dead endpoint among ten: how long the events of the nine others wait, against ten that live.

`python bench/fair_delivery.py [postgresql://…]`, by default on SQLite. Everything is due at the start; an event's delay
is the time from there to its arrival at the receiver. The dead endpoint takes connections and never answers.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import insert
from sqlmodel import col, delete, select

from service import migrations
from service.core import encryption, sites, webhooks
from service.core.db import Database, create_engine, new_id, now
from service.core.encryption import Keyring
from service.core.models import Endpoint, Event, OutboxRow, Site
from service.core.queue import SilentBell, Topic
from service.core.settings import Settings
from workers import delivery

ENDPOINTS = 10


class Receivers:
    """Ten ports of one event loop in a thread of its own; those in `dead` never answer."""

    def __init__(self) -> None:
        self.dead: set[int] = set()
        self.arrived: dict[int, list[float]] = defaultdict(list)
        self.most_at_once: dict[int, int] = defaultdict(int)
        self._open: dict[int, int] = defaultdict(int)
        self.ports: list[int] = []
        started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve(started)), daemon=True).start()
        started.wait()

    async def _serve(self, started: threading.Event) -> None:
        servers = []
        for number in range(ENDPOINTS):
            server = await asyncio.start_server(partial(self._receive, number), "127.0.0.1", 0)
            self.ports.append(server.sockets[0].getsockname()[1])
            servers.append(server)
        started.set()
        await asyncio.gather(*(server.serve_forever() for server in servers))

    async def _receive(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self._open[number] += 1
                self.most_at_once[number] = max(self.most_at_once[number], self._open[number])
                [length] = [
                    int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
                ]
                await reader.readexactly(length)
                if number in self.dead:
                    await reader.read()
                    self._open[number] -= 1
                    break
                self.arrived[number].append(time.monotonic())
                self._open[number] -= 1
                writer.write(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")
        writer.close()


def owe(database: Database, site_id: UUID, endpoint_ids: list[UUID], events: int) -> None:
    """The events, in an order that favours nobody, all due now."""
    owed = [endpoint_ids[number % len(endpoint_ids)] for number in range(events)]
    random.Random(1).shuffle(owed)
    body = '{"type":"comment.held","timestamp":"2026-11-24T16:00:00Z","data":"' + "x" * 800 + '"}'
    with database.transaction() as session:
        at = now(session)
        rows = [
            {"id": new_id(), "site_id": site_id, "type": "comment.held", "body": body, "created_at": at} for _ in owed
        ]
        session.execute(insert(Event), rows)
        due = {"topic": Topic.DELIVER, "created_at": at, "due_at": at, "attempts": 0}
        pairs = zip(rows, owed, strict=True)
        session.execute(
            insert(OutboxRow),
            [{**due, "id": new_id(), "subject_id": row["id"], "endpoint_id": to} for row, to in pairs],
        )


def run(database: Database, settings: Settings, receivers: Receivers, events: int, dead: set[int]) -> dict[str, float]:
    """Until every event of a live endpoint has arrived; the delays in seconds."""
    receivers.dead = dead
    receivers.arrived.clear()
    receivers.most_at_once.clear()
    with database.transaction() as session:
        session.execute(delete(Site))
        site = sites.create(session, "Bench")
        urls = [f"http://127.0.0.1:{port}/hook" for port in receivers.ports]
        ids = [webhooks.create(session, site.id, url, allow_private=True).id for url in urls]
    owe(database, site.id, ids, events)
    live = events * (ENDPOINTS - len(dead)) // ENDPOINTS
    start = time.monotonic()
    # As a courier does: a step, and the next as long as there was something; else it waits for the bell or the sweep.
    while sum(map(len, receivers.arrived.values())) < live:
        if not delivery.deliver_batch(database, settings):
            time.sleep(settings.sweep_every.total_seconds())
    delays = sorted(at - start for times in receivers.arrived.values() for at in times)
    with database.reading() as session:
        attempts = session.exec(select(Endpoint.failures).where(col(Endpoint.failures) > 0)).all()
    return {
        "p50": statistics.median(delays),
        "p99": delays[int(len(delays) * 0.99)],
        "last": delays[-1],
        "most at once": max(receivers.most_at_once.values()),
        "failures": sum(attempts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", nargs="?", help="SQLite in a temporary folder when not given")
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with tempfile.TemporaryDirectory() as folder:
        url = arguments.database or f"sqlite:///{Path(folder) / 'bench.db'}"
        migrations.upgrade(url)
        database = Database(create_engine(url), SilentBell(), keyring=Keyring(encryption.new_key()))
        settings = Settings(webhook_allow_private=True, deliver_timeout=timedelta(seconds=15), _env_file=None)
        receivers = Receivers()
        print(f"{arguments.events} events, {ENDPOINTS} endpoints, {url.partition(':')[0]}, {os.cpu_count()} cores")
        for _ in range(arguments.runs):
            for name, dead in (("all live", set[int]()), ("one dead", {0})):
                figures = run(database, settings, receivers, arguments.events, dead)
                print(f"{name:9}", *(f"{label} {value:.1f}" for label, value in figures.items()), sep="   ", flush=True)
        database.engine.dispose()


if __name__ == "__main__":
    main()
