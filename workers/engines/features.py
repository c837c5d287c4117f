"""What the linear models see of a text: how often each hashed character and word n-gram occurs in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U32 = NDArray[np.uint32]

# One pass works on about this many characters: enough to be vectorised, small enough to stay in the cache.
PASS_CHARACTERS = 1 << 18
# Number of document and number of bucket share a 32-bit key: the fastest thing that NumPy sorts.
MOST_BITS = 20
PASS_DOCUMENTS = 1 << (32 - MOST_BITS)

SPACE = np.uint32(ord(" "))
# Odd, so that multiplying loses nothing modulo 2**32; otherwise arbitrary, but a model is bound to it.
BASE = np.uint32(0x9E3779B1)
STIR = np.uint32(0x85EBCA6B)


@dataclass(frozen=True)
class Ngrams:
    """Which n-grams are counted, and into how many buckets (2**bits) they are hashed."""

    bits: int = 19
    shortest: int = 2
    longest: int = 5
    words: int = 2


@dataclass(frozen=True)
class Counts:
    """A sparse matrix by rows: document i has `buckets[starts[i]:starts[i + 1]]`, each seen `counts[...]` times."""

    starts: NDArray[np.int64]
    buckets: U32
    counts: U32


@dataclass(frozen=True)
class Places:
    """Every n-gram of one text: its bucket, and the characters `[start, end)` that it covers.

    Counted from the space before the text on, which is character 0.
    """

    buckets: U32
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]


def count(texts: Sequence[str], ngrams: Ngrams) -> Counts:
    """Count the n-grams of normalised texts."""
    passes = list(count_in_passes(texts, ngrams))
    sizes = [np.diff(counts.starts) for counts in passes]
    return Counts(
        np.cumsum(np.concatenate([np.zeros(1, np.int64), *sizes])),
        np.concatenate([np.empty(0, np.uint32), *(counts.buckets for counts in passes)]),
        np.concatenate([np.empty(0, np.uint32), *(counts.counts for counts in passes)]),
    )


def count_in_passes(texts: Sequence[str], ngrams: Ngrams) -> Iterator[Counts]:
    """Count one part of the texts after another, so that memory does not grow with the batch."""
    return (_count_pass(part, ngrams) for part in _parts(texts))


def locate(text: str, ngrams: Ngrams) -> Places:
    """Find each n-gram that `count` counts in one normalised text, as often as it occurs."""
    codes = np.frombuffer(f" {text} ".encode("utf-32-le"), np.uint32)
    documents = np.zeros(codes.size, np.uint32)
    characters = list(_character_keys(codes, documents, ngrams))
    words = list(_word_keys(codes, documents, ngrams))
    firsts, lasts = _find_words(codes)
    places = [np.arange(keys.size) for keys in characters]
    lengths = range(max(ngrams.shortest, 2), ngrams.longest + 1)
    return Places(
        np.concatenate([*characters, *words]),
        np.concatenate([*places, *(firsts[: keys.size] for keys in words)]),
        np.concatenate(
            [
                *(start + length for start, length in zip(places, lengths, strict=True)),
                *(lasts[lasts.size - keys.size :] for keys in words),
            ]
        ),
    )


def weigh(counts: Counts, idf: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each count its value: 1 + ln(count), times the bucket's idf, every text brought to length 1."""
    values = (np.float32(1) + np.log(counts.counts.astype(np.float32))) * idf.take(counts.buckets)
    sizes = np.diff(counts.starts)
    filled = sizes > 0
    squares = np.add.reduceat(np.square(values), counts.starts[:-1][filled]) if values.size else values
    values /= np.repeat(np.sqrt(squares), sizes[filled])
    return values


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    first = characters = 0
    for last, text in enumerate(texts):
        if last > first and (characters + len(text) > PASS_CHARACTERS or last - first == PASS_DOCUMENTS):
            yield texts[first:last]
            first, characters = last, 0
        characters += len(text)
    if first < len(texts):
        yield texts[first:]


def _count_pass(texts: Sequence[str], ngrams: Ngrams) -> Counts:
    codes = np.frombuffer("".join(f" {text} " for text in texts).encode("utf-32-le"), np.uint32)
    documents = np.repeat(np.arange(len(texts), dtype=np.uint32), [len(text) + 2 for text in texts])
    keys = np.concatenate([*_character_keys(codes, documents, ngrams), *_word_keys(codes, documents, ngrams)])
    keys.sort()
    # A key's first place in the sorted row; the first key of all comes after none.
    firsts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: keys.size])
    unique = keys[firsts]
    edges = np.arange(len(texts) + 1, dtype=np.uint64) << np.uint64(ngrams.bits)
    return Counts(
        np.searchsorted(unique, edges).astype(np.int64),
        unique & np.uint32((1 << ngrams.bits) - 1),
        np.diff(firsts, append=keys.size).astype(np.uint32),
    )


def _character_keys(codes: U32, documents: U32, ngrams: Ngrams) -> Iterator[U32]:
    """Hash every n-gram of characters, spaces included, by Horner's rule: each length from the one before."""
    hashes = codes
    for length in range(2, ngrams.longest + 1):
        hashes = hashes[:-1] * BASE + codes[length - 1 :]
        if length >= ngrams.shortest:
            yield _keys(hashes, documents, length, ngrams.bits)


def _word_keys(codes: U32, documents: U32, ngrams: Ngrams) -> Iterator[U32]:
    starts, ends = _find_words(codes)
    words, owners = _hash_words(codes, starts, ends), documents[starts]
    hashes = words
    for length in range(1, ngrams.words + 1):
        if length > 1:
            hashes = hashes[:-1] * BASE + words[length - 1 :]
        yield _keys(hashes, owners, -length, ngrams.bits)


def _find_words(codes: U32) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    inside = _is_word(codes)
    # Every text has a space before it, so that no word begins at position 0 or spans two texts.
    return np.flatnonzero(inside[1:] & ~inside[:-1]) + 1, np.flatnonzero(inside[:-1] & ~inside[1:]) + 1


def _hash_words(codes: U32, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> U32:
    lengths = ends - starts
    total = int(lengths.sum())
    if not total:
        return np.empty(0, np.uint32)
    firsts = np.cumsum(lengths) - lengths
    offsets = np.arange(total) - np.repeat(firsts, lengths)
    powers = np.cumprod(np.full(int(lengths.max()), BASE), dtype=np.uint32)
    return np.add.reduceat(codes[np.repeat(starts, lengths) + offsets] * powers[offsets], firsts, dtype=np.uint32)


def _is_word(codes: U32) -> NDArray[np.bool_]:
    """Letters and digits, roughly: in ASCII exactly, elsewhere all but the common punctuation."""
    return WORD[np.minimum(codes, WORD.size - 1)]


def _keys(hashes: U32, documents: U32, kind: int, bits: int) -> U32:
    """Put each hash into a bucket, after its document's number; without those that run over a text's end."""
    stirred = hashes + np.uint32(kind * int(STIR) & 0xFFFFFFFF)
    stirred ^= stirred >> np.uint32(15)
    stirred *= STIR
    stirred ^= stirred >> np.uint32(13)
    stirred *= BASE
    span = documents.size - hashes.size
    keys = (documents[: hashes.size] << np.uint32(bits)) | (stirred >> np.uint32(32 - bits))
    within: U32 = keys[documents[: hashes.size] == documents[span:]]
    return within


def _word_table() -> NDArray[np.bool_]:
    table = np.ones(0x3041, np.bool_)
    table[:0xC0] = [chr(code).isalnum() for code in range(0xC0)]
    table[[0xD7, 0xF7]] = False
    table[0x2000:0x2070] = False
    table[0x3000:0x3040] = False
    return table


WORD = _word_table()
