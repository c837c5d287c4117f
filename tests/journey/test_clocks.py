"""A worker whose clock is wrong by an hour: leases, schedules and signatures go by the database's."""

import importlib.util
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journey import deployment as deployments
from tests.journey import ledger
from tests.journey.deployment import Deployment
from tests.servers.postgresql import OwnPostgreSQL
from tests.servers.receiver import Answer, Receiver
from tests.servers.redis import OwnRedis
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone

# Located, not imported: it would put itself before this process's own clock.
LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"


@pytest.fixture(params=["+1h", "-1h"])
def server(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    receiver: Receiver,
    own_postgresql: OwnPostgreSQL,
    own_redis: OwnRedis,
) -> Iterator[Deployment]:
    """Scorer and courier live an hour off; the sweeper does not."""
    with deployments.server(tmp_path, receiver, own_postgresql.create_database(), own_redis.url) as deployment:
        for name in ("scorer", "courier"):
            deployment.processes[name].env |= _clock(request.param)
        for process in deployment.processes.values():
            # On a slow machine a timeout would be the rule, and a minute's wait follows each.
            process.env |= {"GATEPOST_DELIVER_TIMEOUT": "15"}
        deployment.start()
        yield deployment


def test_nothing_is_lost_or_done_twice_and_signatures_tell_the_true_time(
    server: Deployment, receiver: Receiver
) -> None:
    """The receiver refuses what was signed more than five minutes off. Its first answer is a failure."""
    receiver.script(Answer(status=500))

    with server.client() as client:
        batch = {"comments": [{"text": f"A comment, {number}."} for number in range(10)]}
        accepted = {comment["id"] for comment in client.post("/v1/comments/batch", json=batch).json()["comments"]}

    eventually(lambda: ledger.is_quiet(server.database), within=timedelta(seconds=120), context=server.tails)
    assert len(accepted) == 10
    assert ledger.judge(server.database, accepted, receiver.requests) == ledger.CLEAN


def _clock(offset: str) -> dict[str, str]:
    found = importlib.util.find_spec("libfaketime")
    assert found is not None
    assert found.origin is not None
    return {
        "LD_PRELOAD": str(Path(found.origin).parent / LIBRARY),
        "FAKETIME": offset,
        # What waits, waits as long as ever.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
