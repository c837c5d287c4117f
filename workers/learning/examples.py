"""What the site's model sees of a comment: hashed words and circumstances, and what was known before learning."""

import hashlib
import itertools
import math
import re
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.core import text
from service.core.labels import SPAM, Scores
from service.core.models import Content
from service.core.policy import Signal
from service.core.submissions import author_key
from workers.signals import addresses

Hashes = NDArray[np.uint32]

TOXICITY = "toxicity"
# What a head of the model moves.
HEADS = (SPAM, TOXICITY)

# The beginning is enough to know the kind of a comment, and bounds a lesson's size.
_CHARACTERS = 4000
_MOST_FEATURES = 400
# Beyond this a score is rounded, and its log-odds say no more.
_SURE = 6.0
# A human was faster than the engines: nothing is known against the comment.
_UNSCORED = -2.0
# Words that begin alike are mostly one word in several forms.
_STEM = 4
_WORD = re.compile(r"\w+")
# Written without spaces: pairs of characters stand for words.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
_HEADER = struct.Struct("<B2f3q")
_FORMAT = 1


@dataclass(frozen=True)
class Example:
    """`base`: log-odds of each head before learning. `sources`: author, address and text, hashed; 0: unknown."""

    features: Hashes
    base: tuple[float, float]
    sources: tuple[int, int, int]

    def pack(self) -> bytes:
        return _HEADER.pack(_FORMAT, *self.base, *self.sources) + self.features.astype("<u4").tobytes()


def unpack(packed: bytes | None) -> Example | None:
    """None for what was packed by a release that saw other features: it is made again from the comment."""
    if not packed or packed[0] != _FORMAT:
        return None
    _, spam, toxicity, author, address, fingerprint = _HEADER.unpack_from(packed)
    features = np.frombuffer(packed, "<u4", offset=_HEADER.size).astype(np.uint32)
    return Example(features, (spam, toxicity), (author, address, fingerprint))


def of(content: Content, normalised: str, scores: Scores, signals: Sequence[Signal], key: bytes = b"") -> Example:
    """`scores` and `signals` are those before learning; `key` keeps the hashes of people apart from other sites'."""
    names = features(content, normalised, signals)
    author, address = author_key(content), content.author_ip
    return Example(
        hashes(names),
        (log_odds(scores.get(SPAM)), log_odds(scores.get(TOXICITY))),
        (_source(key, author), _source(key, address), text.fingerprint(content.text) or 1),
    )


def hashes(names: Iterable[str]) -> Hashes:
    return np.array([zlib.crc32(name.encode()) for name in names], np.uint32)


def features(content: Content, normalised: str, signals: Sequence[Signal]) -> list[str]:
    """The names of a comment's features, `kind:what`, each once; what tells most comes first."""
    named = [*_circumstances(content, signals), *_words(normalised[:_CHARACTERS])]
    return list(dict.fromkeys(named))[:_MOST_FEATURES]


def log_odds(score: float | None) -> float:
    if score is None:
        return _UNSCORED
    inside = min(max(score, 1e-9), 1 - 1e-9)
    return max(-_SURE, min(_SURE, math.log(inside / (1 - inside))))


def _circumstances(content: Content, signals: Sequence[Signal]) -> Iterable[str]:
    yield "any:comment"
    if author := author_key(content):
        yield f"author:{author}"
    for word in _WORD.findall(text.normalise(content.author_name or "")):
        yield f"name:{word}"
    for host in {*addresses.hosts(content.text), addresses.host_of(content.author_url or "")} - {None}:
        yield f"link:{host}"
    for signal in signals:
        yield f"signal:{signal.name}"
    yield f"type:{content.type}"


def _words(normalised: str) -> Iterable[str]:
    words = _WORD.findall(addresses.without(normalised))
    for word in words:
        for run in _UNSPACED.findall(word):
            yield from (f"word:{''.join(pair)}" for pair in itertools.pairwise(run))
        yield f"word:{word}"
        if len(word) > _STEM:
            yield f"word:{word[:_STEM]}…"
    yield from (f"word:{first} {second}" for first, second in itertools.pairwise(words))


def _source(key: bytes, who: str | None) -> int:
    """Eight bytes that only this site can compare: enough to count what comes from one person, not to tell who."""
    if not who:
        return 0
    digest = hashlib.blake2b(who.encode(), key=key, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
