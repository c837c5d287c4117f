"""When a failed webhook is tried again, and how long its endpoint is left in peace."""

from datetime import UTC, datetime, timedelta

import pytest

from workers import outbound
from workers.retries import LONGEST_PAUSE, PAUSE_AFTER, SCHEDULE, Outcome, next_attempt, pause

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
JITTERS = (-1.0, -0.5, 0.0, 0.5, 1.0)
ATTEMPTS = range(1, len(SCHEDULE) + 1)


def _failed(status: int, retry_after: str | None = None) -> Outcome:
    return Outcome(NOW, 1, outbound.Answer(status, "", retry_after))


SILENT = Outcome(NOW, 1, error=outbound.SilentError("no answer"))


def test_the_schedule_lasts_for_days() -> None:
    assert len(SCHEDULE) + 1 >= 10
    assert sum(SCHEDULE, timedelta(0)) >= timedelta(hours=72)
    assert list(SCHEDULE) == sorted(SCHEDULE)


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("jitter", JITTERS)
def test_jitter_moves_the_wait_by_a_fifth_at_most(attempt: int, jitter: float) -> None:
    wait = next_attempt(attempt, _failed(500), jitter)

    assert wait == SCHEDULE[attempt - 1] * (1 + jitter / 5)


@pytest.mark.parametrize("outcome", ["status 429", "status 502", "status 504", "silence"])
@pytest.mark.parametrize("jitter", JITTERS)
def test_a_busy_receiver_gets_at_least_a_minute(outcome: str, jitter: float) -> None:
    busy = SILENT if outcome == "silence" else _failed(int(outcome.removeprefix("status ")))

    waits = [next_attempt(attempt, busy, jitter) for attempt in ATTEMPTS]

    assert all(wait is not None and wait >= MINUTE for wait in waits)


@pytest.mark.parametrize("jitter", JITTERS)
@pytest.mark.parametrize(
    ("attempt", "asked", "seconds"),
    [(1, "7", 7), (1, "10", 10), (1, "3600", 10), (2, "100", 100), (2, "999999999", 120), (3, "9" * 5000, 600)],
)
def test_what_the_receiver_asks_for_is_kept_up_to_twice_the_schedule(
    attempt: int, asked: str, seconds: int, jitter: float
) -> None:
    wait = next_attempt(attempt, _failed(503, asked), jitter)

    assert wait is not None
    assert timedelta(seconds=seconds) <= wait <= timedelta(seconds=seconds) * 1.2


@pytest.mark.parametrize("asked", ["", "0", "1", "-5", "1.5", "soon", "²", "٣٠", "Wed, 21 Oct 2026 07:28:00 GMT", " 7"])
def test_a_retry_after_that_says_nothing_of_use_changes_nothing(asked: str) -> None:
    assert next_attempt(2, _failed(503, asked), 0) == SCHEDULE[1]


@pytest.mark.parametrize("attempt", [len(SCHEDULE) + 1, len(SCHEDULE) + 2, 1000])
def test_there_is_an_end(attempt: int) -> None:
    assert next_attempt(attempt, _failed(429, "60"), 0) is None


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("90", 90),
        ("Tue, 24 Nov 2026 12:01:30 GMT", 90),
        ("Tuesday, 24-Nov-26 12:01:30 GMT", 90),
        ("Tue Nov 24 12:01:30 2026", 90),
        ("Tue, 24 Nov 2026 11:59:00 GMT", 0),
        ("Tue, 24 Nov 2026 25:00:00 GMT", 0),
        ("", 0),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_each_form_of_date(asked: str, seconds: int) -> None:
    """RFC 9110, sections 10.2.3 and 5.6.7: the third form names no zone and is GMT."""
    assert _failed(503, asked).retry_after == timedelta(seconds=seconds)


def test_a_date_counts_like_seconds() -> None:
    assert next_attempt(2, _failed(503, "Tue, 24 Nov 2026 12:01:30 GMT"), 0) == timedelta(seconds=90)


@pytest.mark.parametrize("failures", range(1, PAUSE_AFTER))
def test_few_failures_pause_nothing(failures: int) -> None:
    assert pause(failures, _failed(500), 0) is None
    assert pause(failures, SILENT, 0) is None
    assert pause(failures, _failed(503), 0) is None


def test_many_failures_in_a_row_pause_the_endpoint_ever_longer() -> None:
    pauses = [pause(failures, _failed(500), 0) for failures in range(PAUSE_AFTER, PAUSE_AFTER + 5)]

    assert pauses == [*SCHEDULE[:3], LONGEST_PAUSE, LONGEST_PAUSE]


@pytest.mark.parametrize("failures", [PAUSE_AFTER, PAUSE_AFTER + 50, 10_000])
@pytest.mark.parametrize("jitter", JITTERS)
def test_a_receiver_that_is_back_is_found_within_minutes(failures: int, jitter: float) -> None:
    wait = pause(failures, SILENT, jitter)

    assert wait is not None
    assert MINUTE <= wait <= LONGEST_PAUSE


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [(_failed(429), 60), (_failed(429, "90"), 90), (_failed(429, "1"), 60), (_failed(503, "8"), 8)],
)
@pytest.mark.parametrize("jitter", JITTERS)
def test_who_asks_for_less_gets_less_at_once(outcome: Outcome, seconds: int, jitter: float) -> None:
    wait = pause(1, outcome, jitter)

    assert wait is not None
    assert timedelta(seconds=seconds) <= wait <= timedelta(seconds=seconds) * 1.2
