"""A minute of real faults on a whole server; `make chaos` runs longer."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos import systems
from tests.chaos.run import Plan, play
from tests.journey.ledger import CLEAN

pytestmark = pytest.mark.alone


@pytest.mark.timeout(420)
def test_through_a_minute_of_faults_every_promise_is_kept(tmp_path: Path) -> None:
    with systems.server(tmp_path) as system:
        system.start()
        outcome = asyncio.run(play(system, Plan(seconds=60, seed=1)))

    assert outcome.verdict == CLEAN
    assert not outcome.refused
    # It was no quiet minute, and somebody counted on it.
    assert outcome.faults.total() >= 5
    assert outcome.accepted > 0
    assert outcome.reviews > 0
