"""Inflicts the faults on a running system, and counts them."""

import asyncio
import contextlib
from collections import Counter

import psutil
import redis

from tests.chaos import faults
from tests.chaos.faults import Fault, Kind
from tests.chaos.systems import System
from tests.servers.processes import Process


class Nemesis:
    def __init__(self, system: System, seed: int) -> None:
        self.inflicted: Counter[str] = Counter()
        self.last = "none yet"
        self.last_at = 0.0
        """By the event loop's clock."""
        self._system = system
        # Left alone: children of a PostgreSQL that is killed while it is frozen would stay frozen, and in its memory.
        self._frozen: set[str] = set()
        self._faults = faults.sequence(seed, system.weights, system.pauses)

    async def rage(self, until: float) -> None:
        """Until the moment of the event loop's clock; nothing is frozen any more at the end."""
        clock = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as thaws:
            for fault in self._faults:
                if self._system.spares_the_start:
                    await asyncio.to_thread(self._system.deployment.wait_until_up)
                if clock() + fault.pause > until:
                    return
                await asyncio.sleep(fault.pause)
                if fault.target in self._frozen:
                    continue
                if fault.kind is Kind.FREEZE:
                    self._frozen.add(fault.target)
                    thaws.create_task(self._freeze(fault, min(fault.frozen, until - clock())))
                else:
                    await asyncio.to_thread(self._inflict, fault)
                self.last_at = clock()

    async def _freeze(self, fault: Fault, seconds: float) -> None:
        process = self._system.processes[fault.target]
        if process.running:
            await asyncio.to_thread(process.freeze)
            self._count(fault)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(process.thaw)
            self.last_at = asyncio.get_running_loop().time()
        self._frozen.remove(fault.target)

    def _inflict(self, fault: Fault) -> None:
        process = self._system.processes[fault.target]
        # It may be down already, or going down.
        if process.running:
            with contextlib.suppress(psutil.NoSuchProcess, redis.RedisError):
                self._hit(fault, process)
                self._count(fault)

    def _hit(self, fault: Fault, process: Process) -> None:
        match fault.kind:
            case Kind.KILL:
                faults.kill(process)
            case Kind.SKEW:
                faults.kill(process, fault.clock)
            case Kind.KILL_CHILD:
                faults.kill_child(process, fault.which_child)
            case Kind.FLUSH:
                self._system.flush()

    def _count(self, fault: Fault) -> None:
        self.last = str(fault)
        self.inflicted[self.last] += 1
