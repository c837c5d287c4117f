"""Every character of the scored copy is found again in the comment as it was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers import alignment, reading

# What normalising and the removal of markup change, and what they must not confuse.
HOSTILE = st.lists(
    st.sampled_from(
        [
            *("idiot", "İstanbul", "ﬁne", "STRASSE", "straße", "ﷺ", "x̸̷̶̵̴", "i\u200bd\u00adiot", "noooooo", "한글"),
            *("\u1100\u1161\u11a8", "ｶﾞ", "¨", "y¨x", "<b>", "</b>", "<!-- a -->", "&amp;", "&lt", "&#105;", "&notit;"),
            *("a < b", "<", ">", "&", " ", "\n", "\u3000", "\x1c", "\x00", "\ud800", "\u0301", "👩‍👩‍👧", "क्षि"),
        ]
    )
).map("".join)


@pytest.mark.parametrize(
    ("written", "word", "expected"),
    [
        ("You IDIOT!", "idiot", "IDIOT"),
        ("you  \n idiot", "idiot", "idiot"),
        ("<p>You <b>idiot</b>", "idiot", "idiot"),
        ("&#89;ou &amp; your idiot", "idiot", "idiot"),
        ("y\u200bou i\u200bdiot", "idiot", "i\u200bdiot"),
        ("\uff29\uff24\uff29\uff2f\uff34 you", "idiot", "\uff29\uff24\uff29\uff2f\uff34"),
        ("ﬁrst ﬁlth", "filth", "ﬁlth"),
        ("i&#100;iot", "idiot", "i&#100;iot"),
        ("nooooooo way", "nooo", "nooooooo"),
        ("\u1100\u1161\u11a8 idiot", "idiot", "idiot"),
    ],
)
def test_a_word_is_found_where_it_was_written(written: str, word: str, expected: str) -> None:
    found = alignment.align(written)
    place = found.copy.index(word)

    start, end = found.origin(place, place + len(word))

    assert written[start:end] == expected


@given(HOSTILE | st.text())
def test_the_copy_is_the_one_that_is_scored_and_every_place_is_in_the_original(written: str) -> None:
    found = alignment.align(written)

    assert found.copy == reading.read(written).normalised
    assert len(found.starts) == len(found.ends) == len(found.copy)
    assert all(0 <= start < end <= len(written) for start, end in zip(found.starts, found.ends, strict=True))
    assert (found.starts, found.ends) == (sorted(found.starts), sorted(found.ends))


@given(st.lists(st.text(min_size=1).filter(lambda word: not word.isspace() and not set(word) & {"<", "&"})))
def test_a_word_never_stands_for_characters_beyond_its_neighbours(words: list[str]) -> None:
    written = " ".join(["idiot", *words, "moron"])
    found = alignment.align(written)

    assert found.origin(0, 5) == (0, 5)
    assert found.origin(len(found.copy) - 5, len(found.copy)) == (len(written) - 5, len(written))


@given(
    HOSTILE
    | st.lists(st.sampled_from(["1d10t", "i", "d", "o", "t", "f*ck", "you are", "\u202etoidi", "<b>", "&amp;"])).map(
        " ".join
    )
)
def test_the_copy_without_disguises_is_the_one_that_is_scored(written: str) -> None:
    read = reading.read(written)

    found = alignment.forms(written, read)[-1]

    assert found.copy == read.unveiled
    assert all(0 <= start < end <= len(written) for start, end in zip(found.starts, found.ends, strict=True))


def test_a_disguised_word_comes_from_all_that_was_written_for_it() -> None:
    written = "You are an i d i o t today, <b>1d10t</b>."
    found = alignment.forms(written, reading.read(written))[-1]

    places = [found.origin(place, place + 5) for place in (found.copy.index("idiot"), found.copy.rindex("idiot"))]

    assert [written[start:end] for start, end in places] == ["i d i o t", "1d10t"]
