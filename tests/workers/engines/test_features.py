"""N-grams counted by NumPy, against the obvious way to count them."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines import features
from workers.engines.features import Counts, Ngrams

NGRAMS = Ngrams(bits=12, shortest=2, longest=4, words=2)
MASK = 0xFFFFFFFF
LETTERS = st.text(st.sampled_from("ab c'é.日😀\u2014 "), max_size=30)
TEXTS = [
    "",
    "a",
    "you are an idiot",
    "don't, please — don't",
    "日本語のテキスト",
    "👩‍🚀 to the moon",
    "x" * 300,
    "l'été à Paris",
]


def row(counts: Counts, number: int) -> dict[int, int]:
    part = slice(counts.starts[number], counts.starts[number + 1])
    return dict(zip(counts.buckets[part].tolist(), counts.counts[part].tolist(), strict=True))


def count_slowly(text: str, ngrams: Ngrams) -> dict[int, int]:
    padded = f" {text} "
    found: Counter[int] = Counter()
    for length in range(ngrams.shortest, ngrams.longest + 1):
        for start in range(len(padded) - length + 1):
            value = 0
            for character in padded[start : start + length]:
                value = value * int(features.BASE) + ord(character) & MASK
            found[bucket(value, length, ngrams.bits)] += 1
    words = [hash_word(word) for word in "".join(c if is_word(c) else " " for c in text).split(" ") if word]
    for length in range(1, ngrams.words + 1):
        for start in range(len(words) - length + 1):
            value = words[start]
            for word in words[start + 1 : start + length]:
                value = value * int(features.BASE) + word & MASK
            found[bucket(value, -length, ngrams.bits)] += 1
    return dict(found)


def hash_word(word: str) -> int:
    return sum(ord(c) * pow(int(features.BASE), place, 2**32) for place, c in enumerate(word, 1)) & MASK


def is_word(character: str) -> bool:
    if character.isascii():
        return character.isalnum()
    return not 0x2000 <= ord(character) < 0x2070


def bucket(value: int, kind: int, bits: int) -> int:
    value = value + kind * int(features.STIR) & MASK
    value = (value ^ value >> 15) * int(features.STIR) & MASK
    value = (value ^ value >> 13) * int(features.BASE) & MASK
    return value >> 32 - bits


@pytest.mark.parametrize("text", TEXTS)
def test_counts_are_those_of_the_obvious_way(text: str) -> None:
    assert row(features.count([text], NGRAMS), 0) == count_slowly(text, NGRAMS)


@given(st.lists(LETTERS, max_size=6))
def test_counts_of_a_batch_are_those_of_each_text_alone(texts: list[str]) -> None:
    counts = features.count(texts, NGRAMS)
    assert [row(counts, number) for number in range(len(texts))] == [count_slowly(text, NGRAMS) for text in texts]


def test_a_batch_may_be_longer_than_one_pass() -> None:
    texts = [f"comment number {number}" for number in range(features.PASS_DOCUMENTS + 2)]
    counts = features.count(texts, NGRAMS)
    assert row(counts, len(texts) - 1) == row(features.count(texts[-1:], NGRAMS), 0)


def test_a_text_may_be_longer_than_one_pass() -> None:
    text = "a long line " * (features.PASS_CHARACTERS // 10)
    counts = features.count(["short", text, "short"], NGRAMS)
    assert row(counts, 0) == row(counts, 2)


def test_the_values_of_a_text_have_length_one() -> None:
    counts = features.count(["you are an idiot", "so be it"], NGRAMS)
    values = features.weigh(counts, np.linspace(1, 9, 1 << NGRAMS.bits, dtype=np.float32))
    assert np.add.reduceat(np.square(values), counts.starts[:-1]) == pytest.approx([1, 1], rel=1e-5)


def test_a_text_without_ngrams_has_no_values() -> None:
    counts = features.count(["", ""], Ngrams(bits=12, shortest=3, longest=3, words=1))
    assert features.weigh(counts, np.ones(1 << 12, np.float32)).size == 0


@given(LETTERS)
def test_every_ngram_that_is_counted_is_located_as_often(text: str) -> None:
    places = features.locate(text, NGRAMS)

    assert Counter(places.buckets.tolist()) == count_slowly(text, NGRAMS)
    assert all(0 <= start < end <= len(text) + 2 for start, end in zip(places.starts, places.ends, strict=True))


def test_a_word_is_located_where_it_stands() -> None:
    places = features.locate("so it is", Ngrams(bits=12, shortest=5, longest=4, words=2))

    assert list(zip(places.starts.tolist(), places.ends.tolist(), strict=True)) == [
        (1, 3),
        (4, 6),
        (7, 9),
        (1, 6),
        (4, 9),
    ]
