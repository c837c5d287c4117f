"""Starts again what has ended, as systemd or a container engine does."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from tests.servers.processes import Process

LOOK_EVERY_SECONDS = 0.1
KILLED = -9


class Supervisor:
    """`before_restart` looks at what a killed process has left, and may raise."""

    def __init__(self, processes: Mapping[str, Process], before_restart: Callable[[], None]) -> None:
        self.processes = processes
        self.before_restart = before_restart
        self.ended_by_themselves: Counter[str] = Counter()

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            for name, process in self.processes.items():
                if not process.running:
                    await asyncio.to_thread(self._restart, name, process)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    def _restart(self, name: str, process: Process) -> None:
        if process.returncode != KILLED:
            self.ended_by_themselves[name] += 1
        # What has outlived the process goes first: a unit's or a container's whole group of processes ends with it.
        process.kill()
        self.before_restart()
        process.start()
