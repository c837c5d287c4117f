"""The nemesis leaves alone what it has frozen."""

import asyncio
from pathlib import Path
from typing import Any

from tests.chaos.faults import Kind
from tests.chaos.nemesis import Nemesis
from tests.chaos.systems import System
from tests.servers.processes import Process


def test_what_is_frozen_is_neither_frozen_again_nor_killed(tmp_path: Path) -> None:
    nobody: Any = None
    sleeper = Process(["sleep", "60"], log=tmp_path / "log")
    weights = {(Kind.FREEZE, "sleeper"): 1, (Kind.KILL_CHILD, "sleeper"): 1}
    nemesis = Nemesis(System(nobody, nobody, {"sleeper": sleeper}, weights, (0.05, 0.05)), seed=1)
    sleeper.start()

    async def rage() -> None:
        await nemesis.rage(asyncio.get_running_loop().time() + 0.9)

    asyncio.run(rage())
    sleeper.kill()

    assert nemesis.inflicted["sleeper: freeze"] == 1
