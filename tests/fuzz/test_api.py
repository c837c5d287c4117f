"""The whole API, asked by its own document: no error of ours, no long refusal, no answer that it does not describe.

`make fuzz MINUTES=30` goes on for that long.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from service.core.db import Database
from service.core.models import Comment, OutboxRow, Status
from service.core.queue import Topic
from service.core.settings import Settings
from tests.journey import deployment as deployments
from tests.journey.deployment import Deployment
from tests.servers.processes import ROOT
from tests.servers.receiver import Receiver
from tests.servers.redis import Redis
from workers import scoring
from workers.scorers import load_scorer

pytestmark = pytest.mark.alone

SCHEMATHESIS = (Path(sys.executable).with_name("schemathesis"), "--config-file", "tests/fuzz/schemathesis.toml", "run")
# The same requests every time: a change breaks the test, not the day. Each database gets half of the phases.
SHORT = ("--generation-deterministic", "--max-examples", "5", "--phases")
PHASES = {"postgresql": "coverage", "sqlite": "examples,fuzzing,stateful"}
MINUTES = os.environ.get("GATEPOST_FUZZ_MINUTES")


@pytest.fixture
def web(tmp_path: Path, receiver: Receiver, migrated_url: str, redis_server: Redis) -> Iterator[Deployment]:
    """A web process alone: what it takes in, the test works off."""
    with deployments.server(tmp_path, receiver, migrated_url, redis_server.url) as deployment:
        deployment.processes = {"web": deployment.processes["web"]}
        # A machine that is busy is no error of the API's.
        deployment.processes["web"].env |= {"GATEPOST_REQUESTS_PER_MINUTE": "0", "GATEPOST_DATABASE_TIMEOUT": "30"}
        deployment.start()
        yield deployment


@pytest.mark.timeout(600 + 60 * float(MINUTES or 0))
def test_the_api_keeps_the_promises_of_its_document(web: Deployment) -> None:
    short = (*SHORT, PHASES[web.database.engine.dialect.name])
    length = ("--max-time", str(60 * float(MINUTES))) if MINUTES else short

    done = subprocess.run(
        [*SCHEMATHESIS, f"{web.url}/openapi.json", *length],
        cwd=ROOT,
        env={**os.environ, "GATEPOST_KEY": web.key, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout
    assert work_off(web.database) > 0
    with web.database.reading() as session:
        assert not session.exec(select(Comment.id).where(Comment.status == Status.PENDING)).all()
        assert not session.exec(select(OutboxRow.id).where(OutboxRow.topic == Topic.SCORE)).all()


def work_off(database: Database) -> int:
    """Score all that is due, with a real engine; the number of comments."""
    settings = Settings(engine="compact")
    scorer = load_scorer(settings)
    return sum(iter(lambda: scoring.score_batch(database, scorer, settings), 0))
