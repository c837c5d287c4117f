"""Cells that a spreadsheet does not take for formulas (OWASP, "CSV Injection")."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_MARK = "'"


def line(cells: Iterable[object], end: str) -> str:
    """A line of CSV; times as ISO 8601, and nothing for None."""
    written = io.StringIO()
    csv.writer(written, lineterminator=end).writerow(map(_cell, cells))
    return written.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    return "" if value is None else safe(str(value))


def safe(text: str) -> str:
    """The text with a mark before it where a spreadsheet would run it, or where it begins with the mark itself."""
    return _MARK + text if text.startswith(_FORMULA) else text


def plain(cell: str) -> str:
    """The text of a cell that `safe` may have made."""
    return cell[1:] if cell.startswith(_MARK) and cell[1:].startswith(_FORMULA) else cell
