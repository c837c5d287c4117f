"""A text as a code that phones scan (QR, ISO/IEC 18004), drawn as one SVG path."""

from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple


class Drawing(NamedTuple):
    # Modules, each of one unit, with the quiet zone.
    width: int
    path: str


def draw(text: str) -> Drawing:
    import segno  # noqa: PLC0415 - one page in a thousand draws one

    rows = list(segno.make(text, micro=False).matrix_iter(border=4))
    return Drawing(len(rows), "".join(_bars(y, row) for y, row in enumerate(rows)))


def _bars(y: int, row: Iterable[int]) -> str:
    """Dark modules that lie side by side are one bar."""
    drawn, x = "", 0
    for dark, modules in groupby(row):
        length = len(list(modules))
        drawn += f"M{x} {y}h{length}v1h-{length}z" if dark else ""
        x += length
    return drawn
