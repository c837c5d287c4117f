"""How many webhooks may be under way to one endpoint: more while it answers promptly, few again when it does not."""

from datetime import UTC, datetime

import pytest

from service.core import db
from workers.outbound import Answer, SilentError
from workers.paces import Pace
from workers.retries import Outcome

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ENDPOINT = db.new_id()
PROMPT = Outcome(NOW, 150, Answer(200, "", None))
SLOW = Outcome(NOW, 5000, Answer(200, "", None))
BUSY = Outcome(NOW, 20, Answer(429, "", None))
SILENT = Outcome(NOW, 15_000, None, SilentError("no complete answer"))


def _pace(*outcomes: Outcome) -> Pace:
    pace = Pace(least=4, most=16)
    for outcome in outcomes:
        pace.note(ENDPOINT, outcome)
    return pace


def test_each_prompt_answer_gives_a_place_more() -> None:
    assert _pace(PROMPT, PROMPT, PROMPT).grown == {ENDPOINT: 7}


def test_no_endpoint_gets_more_than_the_most() -> None:
    assert _pace(*[PROMPT] * 100).grown == {ENDPOINT: 16}


@pytest.mark.parametrize("outcome", [SLOW, BUSY, SILENT], ids=["slow", "429", "silence"])
def test_an_answer_that_is_slow_or_none_takes_half(outcome: Outcome) -> None:
    assert _pace(*[PROMPT] * 8, outcome).grown == {ENDPOINT: 6}


def test_nothing_takes_the_least() -> None:
    assert _pace(PROMPT, SILENT, SILENT, SLOW).grown == {}


def test_one_endpoints_answers_say_nothing_of_another() -> None:
    pace = _pace(PROMPT)

    pace.note(db.new_id(), SILENT)

    assert pace.grown == {ENDPOINT: 5}
