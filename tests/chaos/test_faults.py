"""The faults of a seed are always the same, and leave what is frozen alone."""

from itertools import islice

from tests.chaos import faults
from tests.chaos.faults import SERVER, Kind

PAUSES = (1.5, 2.0)


def test_a_seed_brings_the_same_faults_again() -> None:
    first, again, other = (list(islice(faults.sequence(seed, SERVER, PAUSES), 100)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_every_kind_of_fault_comes_to_everybody_within_ten_minutes() -> None:
    inflicted = {(fault.kind, fault.target) for fault in islice(faults.sequence(1, SERVER, PAUSES), 342)}

    assert inflicted == SERVER.keys()


def test_what_is_frozen_is_left_alone_until_it_is_thawed() -> None:
    now, thawed_at = 0.0, dict[str, float]()

    for fault in islice(faults.sequence(1, SERVER, PAUSES), 1000):
        now += fault.pause
        assert thawed_at.get(fault.target, 0) <= now, fault
        if fault.kind is Kind.FREEZE:
            thawed_at[fault.target] = now + fault.frozen
