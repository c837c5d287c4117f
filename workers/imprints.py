"""What near-duplicates have in common, as hashes: bands of a MinHash sketch, and the hosts that are linked to.

Broder (1997), "On the resemblance and containment of documents"; bands as in Leskovec, Rajaraman and Ullman, "Mining
of Massive Datasets", section 3.4.
"""

import hashlib
import zlib
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from service.core import text
from workers.signals import addresses, words

SHINGLE = 2  # words
# Of 8 bands of 3 minima two are shared by one pair in 50 that has 30% of its shingles in common, by 82 in 100 with
# 70%, by 97 in 100 with 80%.
BANDS, ROWS = 8, 3
SHARED_BANDS = 2
# "Thank you, that explains it well." is written by many.
FEWEST_SHINGLES = 12
# More words tell no more, and a comment may have thousands.
MOST_SHINGLES = 2000
MOST_HOSTS = 5

_RNG = np.random.Generator(np.random.PCG64(1997))
_FACTORS: NDArray[np.uint64] = _RNG.integers(1, 2**63, (BANDS * ROWS, 1), np.uint64) * np.uint64(2) + np.uint64(1)
_OFFSETS: NDArray[np.uint64] = _RNG.integers(0, 2**63, (BANDS * ROWS, 1), np.uint64)


def of_text(shown: str) -> list[int]:
    """A hash per band, of what a text says beside its links; none for a short text."""
    said = words.split(text.normalise(addresses.without(shown)))
    shingles = {" ".join(said[start : start + SHINGLE]) for start in range(min(len(said) - SHINGLE + 1, MOST_SHINGLES))}
    if len(shingles) < FEWEST_SHINGLES:
        return []
    hashes = np.array([zlib.crc32(shingle.encode()) for shingle in shingles], np.uint64)
    minima = ((hashes * _FACTORS + _OFFSETS) >> np.uint64(32)).min(axis=1).reshape(BANDS, ROWS)
    return [_hash(f"band {number}".encode(), band.tobytes()) for number, band in enumerate(minima)]


def of_hosts(site_id: UUID, hosts: list[str]) -> list[int]:
    """A hash per host, another one at each site."""
    return [_hash(b"host", site_id.bytes + host.encode()) for host in sorted(set(hosts))[:MOST_HOSTS]]


def _hash(kind: bytes, content: bytes) -> int:
    digest = hashlib.blake2b(content, digest_size=8, person=kind).digest()
    return int.from_bytes(digest, "big", signed=True)
