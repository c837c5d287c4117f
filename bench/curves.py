"""Curves with their spread as a small SVG, drawn by hand: no plotting library for two dozen lines."""

import statistics
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _TOP, _BOTTOM = 720, 360, 60, 20, 300
_RIGHT = 480
_COLOURS = ("#0b6e4f", "#b5471b", "#2f4b8f", "#7a5195")

# (x, the values of all runs there)
Points = Sequence[tuple[float, Sequence[float]]]


def draw(lines: Mapping[str, Points], across: str, up: str) -> str:
    """Share (0 to 1) against x, whose places are evenly spread; the band is 1.96 standard errors."""
    ticks = sorted({x for points in lines.values() for x, _ in points})
    highest = max(statistics.mean(values) for points in lines.values() for _, values in points) * 1.1
    parts = [*_axes(ticks, highest, across, up)]
    for (name, points), colour, number in zip(lines.items(), _COLOURS, range(len(lines)), strict=False):
        parts += _line(points, ticks, highest, colour)
        y = _TOP + 20 + 22 * number
        parts.append(f'<rect x="{_RIGHT + 18}" y="{y - 9}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{_RIGHT + 38}" y="{y - 3}">{escape(name)}</text>')
    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "\n".join([head, f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>', *parts, "</svg>", ""])


def _axes(ticks: Sequence[float], highest: float, across: str, up: str) -> list[str]:
    parts = []
    for tick in ticks:
        x = _x(tick, ticks)
        parts.append(f'<text x="{x:.0f}" y="{_BOTTOM + 18}" text-anchor="middle">{tick:g}</text>')
    for share in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0):
        if share <= highest:
            y = _y(share, highest)
            parts.append(f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{share:.0%}</text>')
    middle = (_LEFT + _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_BOTTOM + 42}" text-anchor="middle">{escape(across)}</text>')
    turned = f"translate(16 {(_TOP + _BOTTOM) / 2:.0f}) rotate(-90)"
    parts.append(f'<text transform="{turned}" text-anchor="middle">{escape(up)}</text>')
    return parts


def _line(points: Points, ticks: Sequence[float], highest: float, colour: str) -> list[str]:
    places = [(_x(x, ticks), statistics.mean(values), _error(values)) for x, values in points]
    above = [f"{x:.1f},{_y(min(mean + error, highest), highest):.1f}" for x, mean, error in places]
    below = [f"{x:.1f},{_y(max(mean - error, 0), highest):.1f}" for x, mean, error in reversed(places)]
    line = " ".join(f"{x:.1f},{_y(mean, highest):.1f}" for x, mean, _ in places)
    return [
        f'<polygon points="{" ".join(above + below)}" fill="{colour}" fill-opacity="0.15"/>',
        f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
    ]


def _error(values: Sequence[float]) -> float:
    return 1.96 * statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


def _x(x: float, ticks: Sequence[float]) -> float:
    return _LEFT + 20 + ticks.index(x) * (_RIGHT - _LEFT - 40) / max(len(ticks) - 1, 1)


def _y(share: float, highest: float) -> float:
    return _BOTTOM - share / highest * (_BOTTOM - _TOP)
