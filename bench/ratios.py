"""How far each figure is from its target, as an SVG: `python -m bench.ratios docs/plots/performance.csv PLOT.svg`.

The table has a line for each figure: what, target, measured; each as "times what it is compared with". The bar ends at
what was measured, the stroke stands at the target. The scale is logarithmic: twice as far is as wide everywhere.
"""

import csv
import math
from pathlib import Path
from typing import Annotated
from xml.sax.saxutils import escape

import typer

_WIDTH, _LEFT, _RIGHT, _TOP, _LINE = 860, 330, 800, 46, 26
_LEAST, _MOST = 0.25, 128
_TICKS = (0.5, 1, 2, 5, 10, 20, 50, 100)
# Told apart by their words too, and by lightness: no colour is needed to read it.
_REACHED, _MISSED, _INK, _GRID = "#0b6e4f", "#d9a37a", "#222", "#ddd"


def draw(rows: list[tuple[str, float, float]]) -> str:
    """Of each row (what, target, measured) a bar; both figures above zero."""
    height = _TOP + _LINE * len(rows) + 20
    parts = [f'<text x="{_LEFT}" y="18" fill="{_INK}">times what it is compared with; the stroke is the target</text>']
    for tick in _TICKS:
        parts.append(f'<line x1="{_x(tick)}" x2="{_x(tick)}" y1="{_TOP}" y2="{height - 20}" stroke="{_GRID}"/>')
        parts.append(f'<text x="{_x(tick)}" y="{_TOP - 8}" text-anchor="middle" fill="{_INK}">{tick:g}</text>')
    for number, row in enumerate(rows):
        parts += _bar(_TOP + _LINE * number + 4, *row)
    size = f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>', *parts, "</svg>", ""])


def _bar(y: int, what: str, target: float, measured: float) -> list[str]:
    reached = measured >= target
    start, end, goal = _x(_LEAST), _x(measured), _x(target)
    word = "reached" if reached else "missed"
    colour = _REACHED if reached else _MISSED
    return [
        f'<text x="{_LEFT - 12}" y="{y + 13}" text-anchor="end" fill="{_INK}">{escape(what)}</text>',
        f'<rect x="{start}" y="{y}" width="{end - start:.1f}" height="18" fill="{colour}"/>',
        f'<line x1="{goal}" x2="{goal}" y1="{y - 3}" y2="{y + 21}" stroke="{_INK}" stroke-width="2.5"/>',
        f'<text x="{max(end, goal) + 6:.1f}" y="{y + 13}" fill="{_INK}">{measured:g} of {target:g}, {word}</text>',
    ]


def _x(value: float) -> float:
    share = math.log(min(max(value, _LEAST), _MOST) / _LEAST) / math.log(_MOST / _LEAST)
    return round(_LEFT + share * (_RIGHT - _LEFT - 60), 1)


def main(
    table: Annotated[Path, typer.Argument(help="CSV: what, target, measured.")],
    plot: Annotated[Path, typer.Argument(help="The SVG to write.")],
) -> None:
    with table.open(newline="") as file:
        rows = [(row["what"], float(row["target"]), float(row["measured"])) for row in csv.DictReader(file)]
    plot.write_text(draw(rows), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
