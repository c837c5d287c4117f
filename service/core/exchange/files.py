"""Files as they are: plain or gzipped, cut off, wrongly encoded. What is wrong with one is mended and counted."""

import codecs
import gzip
import io
import itertools
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# What was wrong, as it is told.
WRONG_ENCODING = "wrongly encoded, read as Windows-1252"
CONTROLS = "with control characters, which were dropped"
CUT_OFF = "the file is cut off"
LEFT_OUT = "not readable, left out"

_CHUNK = 1 << 20
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# XML 1.0, section 2.2: no document may contain them. PostgreSQL takes no NUL.
UNWANTED = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class File:
    """A file that is read once, from start to end. `damage` counts what was wrong with it."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self.damage: Counter[str] = Counter()
        self._path = path
        self._raw: io.BufferedReader | None = None

    @property
    def position(self) -> int:
        """How many of its `size` bytes have been read."""
        return self._raw.tell() if self._raw and not self._raw.closed and self._raw.seekable() else 0

    def chunks(self) -> Iterator[bytes]:
        """Its bytes, unpacked, about a megabyte at a time. A packed file that breaks off ends there.

        What begins with UTF-16's mark, as spreadsheets write it, comes as UTF-8.
        """
        yield from _without_utf_16(self._unpacked())

    def _unpacked(self) -> Iterator[bytes]:
        with self._path.open("rb") as raw:
            self._raw = raw
            # A pipe cannot be read from the start again.
            packed = raw.peek(2).startswith(b"\x1f\x8b")
            opened = gzip.GzipFile(fileobj=raw) if packed else raw
            try:
                # `read` would lose what it has read before the file breaks off.
                while chunk := opened.read1(_CHUNK):
                    yield chunk
            except (EOFError, OSError, zlib.error):
                self.damage[CUT_OFF] += 1

    def lines(self) -> Iterator[str]:
        """Its lines, with their ends, cleaned."""
        rest = b""
        for chunk in self.chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield self.clean(line + b"\n")
        if rest:
            yield self.clean(rest)

    def clean(self, raw: bytes, encoding: str = "utf-8") -> str:
        """Text without what cannot be stored. Bytes that are not of the encoding count as Windows-1252.

        UTF-8 is tried first, whatever the file declares: hardly a text in another encoding happens to be valid UTF-8.
        """
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            self.damage[WRONG_ENCODING] += encoding == "utf-8"
            text = raw.decode(encoding, _AS_WINDOWS_1252)
        if UNWANTED.search(text):
            self.damage[CONTROLS] += 1
            text = UNWANTED.sub("", text)
        return text


def _without_utf_16(chunks: Iterator[bytes]) -> Iterator[bytes]:
    first = next(chunks, b"")
    if not first.startswith(_UTF_16_MARKS):
        yield first
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder("utf-16")("replace")
    for chunk in itertools.chain([first], chunks):
        yield decoder.decode(chunk).encode()


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_AS_WINDOWS_1252 = "gatepost.windows-1252"
codecs.register_error(_AS_WINDOWS_1252, _as_windows_1252)
