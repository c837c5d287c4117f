"""Rows of a labelled file: CSV, TSV or JSON lines, also gzipped, as spreadsheets and scripts leave them."""

import codecs
import csv
import gzip
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from workers.evaluation.columns import Row

_CHUNK = 1 << 20
# Python's own limit, 131,072, is less than a long comment with its quotes.
csv.field_size_limit(min(sys.maxsize, 1 << 27))


@dataclass
class Report:
    """What was odd in the file; grows while it is read."""

    bad_rows: int = 0
    notes: list[str] = field(default_factory=list)


class UnreadableFileError(Exception):
    """The text says what is wrong with the file."""


@contextmanager
def opened(path: Path, report: Report, tell: Callable[[int], None]) -> Iterator[Iterator[Row]]:
    """Give the rows; `tell` hears how many bytes of the file have been read. Raises UnreadableFileError."""
    try:
        with (
            path.open("rb") as raw,
            _unpacked(raw, path) as binary,
            io.TextIOWrapper(binary, encoding=_encoding(path, report), errors="replace", newline="") as text,
        ):
            yield _told(_rows(text, path, report), lambda: tell(raw.tell()))
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise UnreadableFileError(f"{path} cannot be read: {error}") from error


def size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}") from error


def _unpacked(raw: BinaryIO, path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw


def _encoding(path: Path, report: Report) -> str:
    """UTF-16 with its mark; UTF-8, even with some damage; else what Windows wrote before."""
    damaged = foreign = 0
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    with path.open("rb") as raw, _unpacked(raw, path) as binary:
        while chunk := binary.read(_CHUNK):
            if chunk[:2] in {b"\xff\xfe", b"\xfe\xff"}:
                return "utf-16"
            decoded = decoder.decode(chunk)
            damaged += decoded.count("\ufffd")
            foreign += 0 if decoded.isascii() else sum(character > "\x7f" for character in decoded)
    if damaged * 2 <= foreign:
        return "utf-8-sig"
    report.notes.append("The file is not UTF-8; it is read as Windows-1252 (Latin-1).")
    return "cp1252"


def _rows(text: TextIO, path: Path, report: Report) -> Iterator[Row]:
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    if kind in {".jsonl", ".ndjson"}:
        return _json_rows(text, report)
    return _csv_rows(text, "\t" if kind in {".tsv", ".tab"} else _delimiter(text), report)


def _delimiter(text: TextIO) -> str:
    """What the first line has most of; a header holds none of them otherwise."""
    first = text.readline()
    text.seek(0)
    return max(",;\t|", key=first.count)


def _csv_rows(text: TextIO, delimiter: str, report: Report) -> Iterator[Row]:
    reader = csv.reader((line.replace("\0", "") for line in text), delimiter=delimiter)
    header = [name.strip() or f"column {number}" for number, name in enumerate(next(reader, []), 1)]
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            report.bad_rows += 1
            continue
        if len(cells) == len(header):
            yield dict(zip(header, cells, strict=True))
        elif cells:
            report.bad_rows += 1


def _json_rows(text: TextIO, report: Report) -> Iterator[Row]:
    for line in text:
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield {str(name): _cell(value) for name, value in row.items()}
        else:
            report.bad_rows += 1


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _told(rows: Iterator[Row], tell: Callable[[], None]) -> Iterator[Row]:
    for number, row in enumerate(rows):
        if number % 100 == 0:
            tell()
        yield row
