"""Comments as CSV with a header, or as JSON lines; the columns are a submission's, and what was decided."""

import csv
import hashlib
import json
from collections.abc import Iterator
from typing import Any

from service.core.exchange import entries, files, spreadsheets
from service.core.exchange.entries import Entry
from service.core.exchange.files import File
from service.core.submissions import Submission

# A comment has 50,000 characters at most, each quotation mark may be doubled.
_LONGEST_CELL = 1 << 20
_TIMES = ("posted_at", "post_published_at")
_BYTE_ORDER_MARK = "\ufeff"


def read_csv(file: File, *, keep_ip: bool = False) -> Iterator[Entry]:
    # The module's own limit is less than what may be stored.
    csv.field_size_limit(_LONGEST_CELL)
    lines = (line.removeprefix(_BYTE_ORDER_MARK) for line in file.lines())
    rows = csv.DictReader(lines)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            file.damage[files.LEFT_OUT] += 1
            continue
        # Cells too many are a list, cells too few are None.
        cells = {name: cell for name, cell in row.items() if name and isinstance(cell, str)}
        yield _entry(_typed(cells), keep_ip=keep_ip)


def read_jsonl(file: File, *, keep_ip: bool = False) -> Iterator[Entry]:
    for line in file.lines():
        if not line.strip(_BYTE_ORDER_MARK + " \r\n\t"):
            continue
        try:
            row = json.loads(line.removeprefix(_BYTE_ORDER_MARK))
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield _entry(row, keep_ip=keep_ip)
        else:
            file.damage[files.LEFT_OUT] += 1


def _typed(cells: dict[str, str]) -> dict[str, Any]:
    """What a cell cannot say by itself: the metadata is JSON."""
    row: dict[str, Any] = {name: spreadsheets.plain(cell) for name, cell in cells.items()}
    try:
        return {**row, "metadata": json.loads(row.get("metadata") or "null")}
    except (ValueError, RecursionError):
        return {**row, "metadata": None}


def _entry(row: dict[str, Any], *, keep_ip: bool) -> Entry:
    kept = {name: row[name] for name in _KNOWN if row.get(name) not in (None, "")}
    if not keep_ip:
        kept.pop("author_ip", None)
    for name in _TIMES:
        if name in kept:
            # Without an offset it is UTC; pydantic would refuse it.
            kept[name] = entries.time(kept[name])
    for name in _TEXTS:
        # A number is a name as well: ids of posts often are.
        if name in kept and not isinstance(kept[name], str):
            kept[name] = json.dumps(kept[name])
    said = {name: str(row.get(name) or "") for name in ("status", "category", "decided_at", "decided_by")}
    external_id = str(kept.pop("external_id", "") or row.get("id") or "") or _made_up(kept)
    return Entry(external_id, kept, **said)


def _made_up(fields: dict[str, Any]) -> str:
    """An id for a row without one, the same each time the file is read: rows that say the same are one comment."""
    written = json.dumps(fields, sort_keys=True, default=str)
    return f"row-{hashlib.sha256(written.encode(errors='replace')).hexdigest()[:32]}"


_KNOWN = (*(field.alias or name for name, field in Submission.model_fields.items()),)
_TEXTS = tuple(name for name in _KNOWN if name not in {*_TIMES, "metadata", "fill_seconds"})
