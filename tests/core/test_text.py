"""Normal form and fingerprint of a text."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import text

ANY_TEXT = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Hello  \t\r\n World\u3000!", "hello world !"),
        ("\uff26\uff35\uff2c\uff2c \uff57\uff49\uff44\uff54\uff48", "full width"),
        ("Straße ﬁne", "strasse fine"),
        ("in\u200bvis\u00adible\ufeff", "invisible"),
        ("\u202eright\u202c to left", "right to left"),
        ("\u2764\ufe0f", "\u2764"),
        ("nu\x00ll", "null"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("nooooooo!!!!!!!", "nooo!!!"),
        ("F̴̡̖u̴̧̖n̸̖", "fun"),
        ("re\u0301sume\u0301", "résumé"),
    ],
)
def test_disguises_of_a_text_have_one_normal_form(written: str, normal: str) -> None:
    assert text.normalise(written) == normal


@pytest.mark.parametrize("written", ["שָׁלוֹם", "مُحَمَّد", "क्षि", "မြန်မာ", "ไม่ได้"])
def test_marks_that_spell_a_word_stay(written: str) -> None:
    assert len(text.normalise(written)) == len(written)


@given(ANY_TEXT)
def test_a_normal_form_is_its_own_normal_form(written: str) -> None:
    normal = text.normalise(written)
    assert text.normalise(normal) == normal


@given(ANY_TEXT)
def test_a_normal_form_can_be_stored_as_utf_8_without_nul(written: str) -> None:
    assert b"\x00" not in text.normalise(written).encode()


@given(ANY_TEXT)
def test_a_fingerprint_fits_a_signed_64_bit_column(written: str) -> None:
    assert -(2**63) <= text.fingerprint(written) < 2**63


def test_a_fingerprint_is_the_same_in_every_run() -> None:
    assert text.fingerprint("Hello, world") == text.fingerprint("hello,  WORLD\ufeff") == 1_252_699_854_145_813_443


def test_different_texts_have_different_fingerprints() -> None:
    assert text.fingerprint("a comment") != text.fingerprint("another comment")


@pytest.mark.parametrize(
    "hostile",
    [
        "a" * 64_000,
        "\u0300\u0316" * 32_000,
        "\uff9e\u0316" * 32_000,
        ("a" + "\u0300\u0316" * 50) * 640,
        "\u200b" * 64_000,
        "مرحبا " * 10_000,
        "\ud800" * 64_000,
    ],
)
def test_no_long_text_takes_more_than_linear_time(hostile: str) -> None:
    begin = time.process_time()
    text.normalise(hostile)
    # About 30 ms; a quadratic step takes seconds.
    assert time.process_time() - begin < 0.5


def test_folding_leaves_the_spaces_alone() -> None:
    assert text.fold("A\u200b  \uff22\n\tc\u0489") == "a  b\n\tc"
