"""What goes wrong, and when: a sequence that its seed makes again."""

import random
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from tests.sabotage import sitecustomize
from tests.servers.processes import Process

CLOCKS = (3600, -3600)


class Kind(StrEnum):
    KILL = "kill"  # the whole process, with -9
    KILL_CHILD = "kill a child"  # Celery under its watchdog, a child of its pool, a PostgreSQL backend
    FREEZE = "freeze"  # SIGSTOP, and SIGCONT later
    FLUSH = "flush"  # Redis' FLUSHALL
    SKEW = "restart with a wrong clock"  # by an hour, either way


@dataclass(frozen=True)
class Fault:
    kind: Kind
    target: str
    pause: float
    """Seconds since the fault before."""
    frozen: float
    """Seconds, for those that freeze."""
    clock: int
    """Seconds by which it is wrong, for those that set it wrong."""
    which_child: float
    """From 0 to 1 along the list of children, for those that kill one."""

    def __str__(self) -> str:
        return f"{self.target}: {self.kind}"


Weights = Mapping[tuple[Kind, str], int]

SERVER: Weights = {
    (Kind.KILL, "web"): 3,
    (Kind.KILL, "scorer"): 5,
    (Kind.KILL, "courier"): 5,
    (Kind.KILL, "sweeper"): 3,
    (Kind.KILL, "redis"): 5,
    (Kind.KILL, "postgresql"): 3,
    (Kind.KILL, "blog"): 3,
    (Kind.KILL_CHILD, "scorer"): 2,
    (Kind.KILL_CHILD, "courier"): 2,
    (Kind.KILL_CHILD, "postgresql"): 1,
    (Kind.FREEZE, "web"): 1,
    (Kind.FREEZE, "scorer"): 2,
    (Kind.FREEZE, "courier"): 2,
    (Kind.FREEZE, "sweeper"): 1,
    (Kind.FREEZE, "redis"): 2,
    (Kind.FREEZE, "postgresql"): 1,
    (Kind.FREEZE, "blog"): 1,
    (Kind.FLUSH, "redis"): 2,
    (Kind.SKEW, "scorer"): 2,
    (Kind.SKEW, "courier"): 2,
}
# At times past the lease of what they hold, until somebody else has done it.
LONGEST_FREEZE = {"scorer": 20, "courier": 25}

EMBEDDED: Weights = {(Kind.KILL, "gatepost"): 1}


def sequence(seed: int, weights: Weights, pauses: tuple[float, float]) -> Iterator[Fault]:
    """Faults without end."""
    chance = random.Random(seed)
    while True:
        [(kind, target)] = chance.choices(list(weights), list(weights.values()))
        yield Fault(
            kind,
            target,
            chance.uniform(*pauses),
            frozen=chance.uniform(1, LONGEST_FREEZE.get(target, 4)),
            clock=chance.choice(CLOCKS),
            which_child=chance.random(),
        )


def kill(process: Process, clock: int = 0) -> None:
    """`clock`: by how many seconds the next start's clock is wrong."""
    process.env.pop(sitecustomize.CLOCK, None)
    if clock:
        process.env |= {"PYTHONPATH": str(Path(sitecustomize.__file__).parent), sitecustomize.CLOCK: str(clock)}
    process.send(signal.SIGKILL)


def kill_child(process: Process, which: float) -> None:
    children = psutil.Process(process.pid).children(recursive=True)
    if children:
        children[int(which * len(children))].kill()
