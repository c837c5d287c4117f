"""The faults of a seed are always the same."""

from itertools import islice

from tests.chaos import faults
from tests.chaos.faults import SERVER

PAUSES = (1.5, 2.0)


def test_a_seed_brings_the_same_faults_again() -> None:
    first, again, other = (list(islice(faults.sequence(seed, SERVER, PAUSES), 100)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_every_kind_of_fault_comes_to_everybody_within_ten_minutes() -> None:
    inflicted = {(fault.kind, fault.target) for fault in islice(faults.sequence(1, SERVER, PAUSES), 342)}

    assert inflicted == SERVER.keys()
