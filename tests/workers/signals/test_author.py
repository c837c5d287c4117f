"""What the author's name, address and past say."""

import pytest

from tests.workers.signals.sightings import sight, weight
from workers.signals import author
from workers.signals.signal import History


@pytest.mark.parametrize(
    "name", ["http://x.example", "HTTPS://X", "www.pills", "cheap-watches.com", "Best.Shop", "visit seo.xyz now"]
)
def test_a_name_that_is_a_web_address_speaks_for_spam(name: str) -> None:
    signal = author.name_is_address(sight(author_name=name))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "The author's name is a web address."


@pytest.mark.parametrize("name", [None, "", "Aiko", "J. Comte", "Dr. Net", "Ann.Marie", "St. Topaz", "a.committee"])
def test_a_persons_name_is_no_web_address(name: str | None) -> None:
    assert author.name_is_address(sight(author_name=name)) is None


@pytest.mark.parametrize("address", ["x@mailinator.com", "X@MAILINATOR.COM", "x@inbox.mailinator.com"])
def test_a_throw_away_address_speaks_for_spam(address: str) -> None:
    signal = author.disposable_address(sight(author_email=address))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == f"A throw-away e-mail address ({address.casefold().partition('@')[2]})."


@pytest.mark.parametrize(
    "address", [None, "", "@", "x@", "aiko@example.org", "x@reallynotmailinator.com", "x@mailinator.com.example.org"]
)
def test_a_lasting_address_says_nothing(address: str | None) -> None:
    assert author.disposable_address(sight(author_email=address)) is None


def test_approved_comments_speak_against_spam() -> None:
    signal = author.approved_before(sight(history=History(author_approved=2)))

    assert signal is not None
    assert weight(signal) < 0
    assert signal.reason == "The author has 2 approved comments here."


def test_one_approval_weighs_less_than_a_dozen() -> None:
    one, dozen = (author.approved_before(sight(history=History(author_approved=count))) for count in (1, 12))

    assert one is not None
    assert dozen is not None
    assert weight(one) > weight(dozen)


def test_rejected_comments_speak_for_spam() -> None:
    signal = author.rejected_before(sight(history=History(author_rejected=2)))

    assert signal is not None
    assert weight(signal) > 0
    assert signal.reason == "2 comments of this author were rejected here."


def test_an_author_without_a_past_gets_no_signal_from_it() -> None:
    assert author.approved_before(sight()) is None
    assert author.rejected_before(sight()) is None
