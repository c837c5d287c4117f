"""Hashes of what near-duplicates have in common."""

from uuid import UUID

import pytest

from workers import imprints

TEXT = (
    "I was more than happy to discover this page and wanted to thank you for the time that this wonderful read took,"
    " because I learned a great deal about the border, the river and the treaty that divided them."
)
FIRST_BAND = 4124148704093867980
SITES = [UUID(int=1), UUID(int=2)]


def test_the_same_text_leaves_the_same_imprint() -> None:
    assert imprints.of_text(TEXT) == imprints.of_text(f"  {TEXT.upper()} ")


def test_the_imprint_is_the_same_on_every_machine() -> None:
    assert imprints.of_text(TEXT)[0] == FIRST_BAND


def test_another_link_leaves_the_imprint_as_it_is() -> None:
    assert imprints.of_text(f"{TEXT} http://a.example") == imprints.of_text(f"{TEXT} http://b.example/c")


@pytest.mark.parametrize(("one", "other"), [("happy", "glad"), ("wonderful", "great"), ("river", "road")])
def test_a_changed_word_leaves_bands_in_common(one: str, other: str) -> None:
    shared = set(imprints.of_text(TEXT)) & set(imprints.of_text(TEXT.replace(one, other)))

    assert len(shared) >= imprints.SHARED_BANDS


def test_another_text_has_nothing_in_common() -> None:
    other = "The build fails on my machine with a segfault as soon as the second worker opens the database file again."

    assert not set(imprints.of_text(TEXT)) & set(imprints.of_text(other))


@pytest.mark.parametrize("text", ["", "Thank you!", "http://a.example " * 30, "the same " * 500])
def test_a_text_that_says_little_leaves_no_imprint(text: str) -> None:
    assert imprints.of_text(text) == []


def test_a_host_leaves_another_imprint_at_each_site() -> None:
    here, there = (imprints.of_hosts(site, ["a.example", "a.example"]) for site in SITES)

    assert len(here) == 1
    assert here != there


@pytest.mark.parametrize("value", [*imprints.of_text(TEXT), *imprints.of_hosts(SITES[0], ["a.example"])])
def test_a_hash_fits_the_databases_integer(value: int) -> None:
    assert -(2**63) <= value < 2**63
