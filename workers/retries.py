"""When a webhook that failed is tried again, and how long its endpoint is left in peace: rules without a database."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from workers import outbound

# The wait after each failed attempt: eleven attempts in about three days and four hours.
SCHEDULE = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
# So many failures in a row are no accident of single events: the endpoint is paused, and tried with one at a time.
PAUSE_AFTER = 4
# A receiver that is back hears from us within this.
LONGEST_PAUSE = timedelta(minutes=10)
_SLOW_DOWN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: an answer, or an error in its place."""

    ended_at: datetime
    milliseconds: int
    answer: outbound.Answer | None = None
    error: outbound.OutboundError | None = None
    # What a receiver that takes the post says against this event, with a status of success.
    refusal: str | None = None
    # It failed, while what began no earlier was delivered.
    overtaken: bool = False

    @property
    def status(self) -> int | None:
        return self.answer.status if self.answer else None

    @property
    def delivered(self) -> bool:
        # 2xx is the class of success.
        return self.status is not None and 200 <= self.status < 300 and self.refusal is None  # noqa: PLR2004

    @property
    def about_event(self) -> bool:
        """It says something of the event, and nothing of how the endpoint fares."""
        return self.overtaken or self.refusal is not None

    @property
    def busy(self) -> bool:
        """The receiver asks for less, or cannot keep up."""
        return self.status in _SLOW_DOWN or isinstance(self.error, outbound.SilentError)

    @property
    def asks_for_less(self) -> bool:
        """What it says, it says of every request (RFC 6585 section 4, RFC 9110 section 10.2.3)."""
        unavailable = self.status == HTTPStatus.SERVICE_UNAVAILABLE and self.retry_after > timedelta(0)
        return self.status == HTTPStatus.TOO_MANY_REQUESTS or unavailable

    @property
    def retry_after(self) -> timedelta:
        """What the answer asks for, as seconds or as a date (RFC 9110 section 10.2.3); zero when it asks nothing."""
        asked = (self.answer and self.answer.retry_after) or ""
        if asked.isascii() and asked.isdigit():
            # Seven digits are months; thousands of them Python refuses to read.
            return timedelta(seconds=int(asked[:7]))
        try:
            at = parsedate_to_datetime(asked)
        except ValueError:
            return timedelta(0)
        # The form of C's asctime names no zone; it is GMT (RFC 9110 section 5.6.7).
        return max(at.replace(tzinfo=at.tzinfo or UTC) - self.ended_at, timedelta(0))


def next_attempt(attempt: int, outcome: Outcome, jitter: float) -> timedelta | None:
    """How long to wait after the failed attempt number `attempt` (from 1); None when that was the last.

    `jitter` from -1 to 1 moves the wait by up to a fifth. A busy receiver gets at least a minute; its own
    `Retry-After` counts, up to twice the schedule's wait.
    """
    if attempt > len(SCHEDULE):
        return None
    scheduled = SCHEDULE[attempt - 1]
    least = timedelta(minutes=1 if outcome.busy else 0)
    least = max(least, min(outcome.retry_after, 2 * max(scheduled, least)))
    # What the receiver needs is not shortened, only spread.
    return max(scheduled * (1 + jitter / 5), least * (1 + abs(jitter) / 5))


def pause(failures: int, outcome: Outcome, jitter: float) -> timedelta | None:
    """How long to send the endpoint nothing, after this many failures in a row; None: go on.

    As long as an event waits that failed so often, up to `LONGEST_PAUSE`.
    """
    pauses = max(failures - PAUSE_AFTER + 1, int(outcome.asks_for_less))
    if pauses == 0:
        return None
    wait = next_attempt(min(pauses, len(SCHEDULE)), outcome, jitter)
    return wait and min(wait, LONGEST_PAUSE)
