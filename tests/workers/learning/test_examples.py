"""What the site's model sees of a comment."""

import math

import pytest

from service.core.policy import Signal
from service.core.submissions import Submission
from workers.learning import examples

TEXT = "cheap watches at https://shop.example/watches"


def test_words_links_names_and_signals_are_seen() -> None:
    submission = Submission(
        text=TEXT, author_name="Best Watches", author_id="a-1", author_url="https://www.seller.example"
    )
    signals = [Signal(name="links", weight=1, reason="A link.")]

    seen = examples.features(submission, TEXT, signals)

    assert {"word:cheap", "word:cheap watches", "word:chea…", "link:shop.example", "link:seller.example"} <= set(seen)
    assert {"name:best", "author:id:a-1", "signal:links", "type:comment"} <= set(seen)
    assert "word:https" not in seen


def test_a_language_without_spaces_is_seen_in_pairs_of_characters() -> None:
    assert {"word:安い", "word:い時", "word:時計"} <= set(
        examples.features(Submission(text="安い時計"), "安い時計", [])
    )


def test_an_endless_comment_has_a_bounded_number_of_features() -> None:
    text = " ".join(f"word{number}" for number in range(4000))

    assert len(examples.features(Submission(text=text), text, [])) == 400


def test_what_is_packed_comes_back() -> None:
    submission = Submission(text=TEXT, author_id="a-1", author_ip="203.0.113.7")
    example = examples.of(submission, TEXT, {"spam": 0.9, "toxicity": 0.1}, [], b"site")

    found = examples.unpack(example.pack())

    assert found is not None
    assert found.features.tolist() == example.features.tolist()
    assert found.base == pytest.approx((math.log(9), -math.log(9)))
    assert found.sources == example.sources
    assert 0 not in found.sources


@pytest.mark.parametrize("packed", [None, b"", b"\xffsomething"])
def test_what_another_release_packed_is_made_anew(packed: bytes | None) -> None:
    assert examples.unpack(packed) is None


def test_no_word_and_no_name_is_stored() -> None:
    submission = Submission(text=TEXT, author_id="canary", author_ip="203.0.113.7")

    packed = examples.of(submission, TEXT, {}, []).pack()

    assert not any(word in packed for word in (b"canary", b"watches", b"203.0.113.7"))


def test_the_same_author_is_another_at_another_site() -> None:
    submission = Submission(text=TEXT, author_id="a-1")

    here, there = (examples.of(submission, TEXT, {}, [], key).sources for key in (b"here", b"there"))

    assert here[0] != there[0]
