"""Web addresses in a text."""

import pytest

from workers.signals import addresses


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("see http://cheap-pills.example/buy.html now", "see cheap pills example buy html now"),
        ('<a href="http://a.example/x">http://a.example/x</a>', "a example x"),
        ('<a href="http://a.example">best pills</a>', "a example best pills"),
        ("[url=http://a.example]best pills[/url]", "a example best pills"),
        ("https://www.a.example/?q=secret", "a example"),
        ("a < b, no link", "a < b, no link"),
    ],
)
def test_a_link_is_spelt_out_once_in_the_words_of_its_address(text: str, spelt: str) -> None:
    assert " ".join(addresses.spelt_out(text).split()) == spelt
