"""Durable commits a second of this disk, a row each: `python -m bench.commits`. Ingest has no more groups a second.

PostgreSQL with one connection and with eight, SQLite with one, as Gatepost opens them.
"""

import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer
from sqlalchemy import Engine, text

from bench.ingest import running
from service.core.db import create_engine
from tests.servers.postgresql import OwnPostgreSQL

CREATE = text("CREATE TABLE bench_commit (number integer)")
INSERT = text("INSERT INTO bench_commit VALUES (1)")
COUNT = text("SELECT count(*) FROM bench_commit")


def main(seconds: Annotated[float, typer.Option(help="Length of each run.")] = 3) -> None:
    with tempfile.TemporaryDirectory() as folder, running(OwnPostgreSQL()) as server:
        for name, url, connections in (
            ("PostgreSQL, one connection", server.create_database(), 1),
            ("PostgreSQL, eight connections", server.create_database(), 8),
            ("SQLite", f"sqlite:///{folder}/bench.db", 1),
        ):
            print(f"{name}: {commits(create_engine(url), seconds, connections):,.0f} commits a second")


def commits(engine: Engine, seconds: float, connections: int) -> float:
    with engine.begin() as connection:
        connection.execute(CREATE)
    over = threading.Event()
    with ThreadPoolExecutor(connections) as threads:
        writers = [threads.submit(_write, engine, over) for _ in range(connections)]
        began = time.perf_counter()
        over.wait(seconds)
        over.set()
    took = time.perf_counter() - began
    told = sum(writer.result() for writer in writers)
    with engine.connect() as connection:
        if connection.scalar(COUNT) != told:
            raise AssertionError("a row is missing")
    engine.dispose()
    return told / took


def _write(engine: Engine, over: threading.Event) -> int:
    number = 0
    while not over.is_set():
        with engine.begin() as connection:
            connection.execute(INSERT)
        number += 1
    return number


if __name__ == "__main__":
    typer.run(main)
