"""Half a minute of kills of the one process on SQLite; `make chaos EMBEDDED=1` runs longer."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos import systems
from tests.chaos.run import Plan, play
from tests.journey.ledger import CLEAN

pytestmark = pytest.mark.alone


@pytest.mark.timeout(300)
def test_through_kills_in_a_row_every_promise_is_kept_and_the_file_stays_whole(tmp_path: Path) -> None:
    with systems.embedded(tmp_path) as system:
        system.start()
        outcome = asyncio.run(play(system, Plan(seconds=30, seed=1)))
        systems.check_integrity(str(system.deployment.database.engine.url.database))

    assert outcome.verdict == CLEAN
    assert not outcome.refused
    assert outcome.faults.total() >= 1
    assert outcome.accepted > 0
