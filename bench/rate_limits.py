"""How exact a key's limit is over two web processes, and what it costs: `python -m bench.rate_limits`."""

import asyncio
import bisect
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import quantiles

import httpx2

from service import migrations
from service.core import keys, sites
from service.core.db import Database, create_engine
from service.core.models import Scope
from service.core.queue import SilentBell
from service.core.quotas import LocalQuotas, Quotas, SharedQuotas
from tests.secret_keys import SECRET_KEYS
from tests.servers import ports
from tests.servers.processes import Process
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

LIMIT = 300
SECONDS = 150
CALLS = 3000


def main() -> None:
    with tempfile.TemporaryDirectory() as name, redis_in(Path(name)) as redis:
        granted, asked = asyncio.run(hammer(Path(name), redis))
        minutes = Counter(int(at - granted[0]) // 60 for at in granted)
        most = max(bisect.bisect_left(granted, at + 60) - number for number, at in enumerate(granted))
        print(f"limit {LIMIT} a minute, two processes, {SECONDS} s, {asked} requests, {len(granted)} granted")
        print(f"minute by minute: {sorted(minutes.items())}; most in any minute, by the clients' clock: {most}")
        for quotas in (LocalQuotas(10 * CALLS), shared := SharedQuotas(10 * CALLS, redis.url)):
            tell(type(quotas).__name__, cost(quotas))
        redis.freeze()
        tell("frozen Redis", cost(shared))
        redis.kill()
        tell("no Redis", cost(SharedQuotas(10 * CALLS, redis.url)))


@contextmanager
def redis_in(folder: Path) -> Iterator[OwnRedis]:
    redis = OwnRedis(folder)
    try:
        redis.start()
        yield redis
    finally:
        redis.remove()


async def hammer(folder: Path, redis: OwnRedis) -> tuple[list[float], int]:
    """When the granted requests were answered, and how many were made: at each process one after the other."""
    url = f"sqlite:///{folder}/gatepost.db"
    migrations.upgrade(url)
    database = Database(create_engine(url), SilentBell())
    with database.transaction() as session:
        key = keys.issue(session, sites.create(session, "Bench").id, Scope.READ)
    environment = {
        "GATEPOST_DATABASE_URL": url,
        "GATEPOST_REDIS_URL": redis.url,
        "GATEPOST_REQUESTS_PER_MINUTE": str(LIMIT),
        "GATEPOST_SECRET_KEYS": SECRET_KEYS,
    }
    answered: list[tuple[float, int]] = []

    async def client(port: int) -> None:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                answer = await http.get("/v1/site", headers={"authorization": f"Bearer {key}"})
                answered.append((time.monotonic(), answer.status_code))
                await asyncio.sleep(0.02)

    webs = {port: web(folder, port, environment) for port in (ports.find_free(), ports.find_free())}
    try:
        await asyncio.gather(*map(client, webs))
    finally:
        for process in webs.values():
            process.kill()
    assert {status for _, status in answered} <= {200, 429}
    return [at for at, status in answered if status == httpx2.codes.OK], len(answered)


def web(folder: Path, port: int, environment: dict[str, str]) -> Process:
    command = [sys.executable, "-m", "service.cli", "web", "--port", str(port)]
    process = Process(command, log=folder / f"{port}.log", env=environment)
    process.start()
    up = timedelta(minutes=2)
    eventually(lambda: b"startup complete" in process.log.read_bytes(), within=up, context=lambda: process.tail)
    return process


def cost(quotas: Quotas) -> list[float]:
    """Milliseconds of each of `CALLS` calls, in order of length."""
    took = []
    for _ in range(CALLS):
        started = time.perf_counter()
        quotas.take("key")
        took.append(1000 * (time.perf_counter() - started))
    return sorted(took)


def tell(name: str, took: list[float]) -> None:
    cuts = quantiles(took, n=1000)
    print(
        f"{name}: p50 {cuts[499]:.3f} ms, p99 {cuts[989]:.3f} ms, p99.9 {cuts[998]:.3f} ms, longest {took[-1]:.1f} ms"
    )


if __name__ == "__main__":
    main()
