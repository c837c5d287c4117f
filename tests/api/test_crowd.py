"""Many requests at once, and many that never end: none keeps the others waiting."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.journey import deployment as deployments
from tests.journey.deployment import Deployment
from tests.servers.postgresql import PostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.redis import Redis

HALF_HEAD = b"POST /v1/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALF_BODY = HALF_HEAD + b"Content-Length: 100\r\n\r\n{"
HALF_CHUNKED = HALF_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"

Start = Callable[[], AbstractContextManager[Deployment]]


@pytest.fixture(params=["up", "web"])
def start(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    receiver: Receiver,
    postgresql_server: PostgreSQL,
    migrated_postgresql: str,
    redis_server: Redis,
) -> Start:
    """The embedded mode, and a web process of a server without its workers."""

    @contextmanager
    def web() -> Iterator[Deployment]:
        url = postgresql_server.create_database(template=migrated_postgresql)
        with deployments.server(tmp_path, receiver, url, redis_server.url) as deployment:
            deployment.processes = {"web": deployment.processes["web"]}
            yield deployment

    return web if request.param == "web" else lambda: deployments.embedded(tmp_path, receiver)


@pytest.mark.parametrize("path", ["/v1/comments", "/v1/deliveries", "/v1/site/policy"])
def test_a_crowd_of_readers_is_answered(tmp_path: Path, receiver: Receiver, path: str) -> None:
    with deployments.embedded(tmp_path, receiver) as deployment:
        deployment.start()
        headers = {"authorization": f"Bearer {deployment.key}"}

        with ThreadPoolExecutor(120) as pool:
            answers = list(
                pool.map(
                    lambda _: httpx2.get(deployment.url + path, headers=headers, timeout=60).status_code, range(240)
                )
            )

    assert answers == [200] * 240


def test_300_requests_that_never_end_are_cut_and_the_others_answered(start: Start) -> None:
    async def half_send(port: str, sent: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        answer = await reader.read()
        writer.close()
        return answer

    async def crowd(deployment: Deployment) -> tuple[list[bytes], list[int]]:
        _, _, port = deployment.url.rpartition(":")
        halves = [HALF_HEAD, HALF_BODY, HALF_CHUNKED] * 100
        cut = asyncio.gather(*(half_send(port, sent) for sent in halves))
        healthy = []
        async with httpx2.AsyncClient(base_url=deployment.url, timeout=60) as client:
            while not cut.done():
                healthy.append((await client.get("/readyz")).status_code)
                await asyncio.sleep(0.1)
        return await cut, healthy

    with start() as deployment:
        deployment.start()
        # Five times as long as the rule says: the machine may be busy. uvicorn alone would wait for ever.
        answers, healthy = asyncio.run(asyncio.wait_for(crowd(deployment), 60))

    assert set(healthy) == {200}
    assert [answer[:13] for answer in answers] == [b"", b"HTTP/1.1 408 ", b"HTTP/1.1 408 "] * 100
