"""How the comment came."""

import pytest

from tests.workers.signals.sightings import sight, weight
from workers.signals import behaviour
from workers.signals.signal import History

PUBLIC = "8.8.8.8"


def test_a_filled_honeypot_speaks_for_spam() -> None:
    signal = behaviour.honeypot(sight(honeypot="http://x.example"))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "A form field that people do not see was filled in."


@pytest.mark.parametrize("honeypot", [None, ""])
def test_an_empty_honeypot_says_nothing(honeypot: str | None) -> None:
    assert behaviour.honeypot(sight(honeypot=honeypot)) is None


@pytest.mark.parametrize("seconds", [0.0, 1.0, 1.99])
def test_a_form_sent_at_once_speaks_for_spam(seconds: float) -> None:
    signal = behaviour.too_fast(sight(fill_seconds=seconds))

    assert signal is not None
    assert weight(signal) > 0


def test_the_reason_says_how_fast_the_form_was_sent() -> None:
    signal = behaviour.too_fast(sight(fill_seconds=1.25))

    assert signal is not None
    assert signal.reason == "The form was sent after 1.2 seconds."


@pytest.mark.parametrize("seconds", [None, 2.0, 90.0])
def test_a_form_that_took_its_time_says_nothing(seconds: float | None) -> None:
    assert behaviour.too_fast(sight(fill_seconds=seconds)) is None


@pytest.mark.parametrize(
    ("same", "reason"),
    [
        (1, "The same text came once before, within a day."),
        (3, "The same text came 3 times before, within a day."),
    ],
)
def test_a_repeated_text_speaks_for_spam(same: int, reason: str) -> None:
    signal = behaviour.duplicate(sight(history=History(same_text=same)))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == reason


def test_a_new_text_is_no_duplicate() -> None:
    assert behaviour.duplicate(sight(history=History(same_text=0))) is None


def test_a_common_phrase_is_no_duplicate() -> None:
    assert behaviour.duplicate(sight("Thank you!", history=History(same_text=9))) is None


def test_the_weight_of_duplicates_has_an_end() -> None:
    few, many = (behaviour.duplicate(sight(history=History(same_text=same))) for same in (3, 10_000))

    assert few is not None
    assert many is not None
    assert weight(few) == weight(many)


def test_a_flood_from_one_address_speaks_for_spam() -> None:
    signal = behaviour.velocity(sight(author_ip=PUBLIC, history=History(recent_from_address=5)))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "5 comments from this address in ten minutes."


def test_a_lively_thread_is_no_flood() -> None:
    assert behaviour.velocity(sight(author_ip=PUBLIC, history=History(recent_from_address=4))) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "192.168.1.1", "::1", "fd00::1", None])
def test_the_address_of_the_blogs_own_proxy_says_nothing(address: str | None) -> None:
    assert behaviour.velocity(sight(author_ip=address, history=History(recent_from_address=500))) is None
