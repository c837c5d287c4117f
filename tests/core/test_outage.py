"""A failing database is told of once, and so is its return."""

import pytest
from structlog.testing import capture_logs

from service.core import outage
from service.core.outage import LostError, Outage


def test_an_outage_is_told_when_it_begins_and_when_it_is_over() -> None:
    trouble = Outage("sweeper")

    with capture_logs() as log:
        for _ in range(3):
            trouble.failed(OSError("refused"))
        for _ in range(3):
            trouble.passed()

    assert [(line["event"], line["where"]) for line in log] == [
        ("database.failed", "sweeper"),
        ("database.back", "sweeper"),
    ]


def test_a_second_outage_is_told_again() -> None:
    trouble = Outage("sweeper")

    with capture_logs() as log:
        for _ in range(2):
            trouble.failed(OSError("refused"))
            trouble.passed()

    assert len(log) == 4


def test_the_errors_text_is_not_told() -> None:
    with capture_logs() as log:
        outage.report("api", ValueError("what somebody wrote"))

    assert "what somebody wrote" not in str(log)
    assert log[0]["error"] == "ValueError"


@pytest.mark.parametrize("count", [1, 40])
def test_that_there_is_no_connection_is_not_told_by_each_who_wants_one(count: int) -> None:
    with capture_logs() as log:
        for _ in range(count):
            outage.report("api", LostError("refused"))

    assert log == []
