"""Cells that a spreadsheet does not take for formulas (OWASP, "CSV Injection")."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_MARK = "'"


def safe(text: str) -> str:
    """The text with a mark before it where a spreadsheet would run it, or where it begins with the mark itself."""
    return _MARK + text if text.startswith(_FORMULA) else text


def plain(cell: str) -> str:
    """The text of a cell that `safe` may have made."""
    return cell[1:] if cell.startswith(_MARK) and cell[1:].startswith(_FORMULA) else cell
