"""Plots as SVG: dashes and markers tell lines apart without colour, colours follow the reader's light or dark mode."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from workers.evaluation import metrics
from workers.evaluation.metrics import Floats, Truth

_SIZE = 360
_LEFT, _TOP = 56, 44
_LEGEND = 190
# Dashes, so that lines differ without colour.
_DASHES = ("none", "7 3", "2 3", "10 3 2 3", "1 2", "12 4", "5 2 1 2 1 2", "3 6")
_POINTS = 200
_STYLE = """
  .gatepost { --paper: #fff; --ink: #1b1f24; --faint: #d4d9df; font: 12px system-ui, sans-serif }
  .gatepost { --0: #0b5cad; --1: #b3261e; --2: #1a7f4b; --3: #8a5a00; --4: #6a3fa0; --5: #00707a; --6: #a0266f }
  @media (prefers-color-scheme: dark) {
    .gatepost { --paper: #14181d; --ink: #e6e9ed; --faint: #3a424c }
    .gatepost { --0: #7ab8ff; --1: #ff9d94; --2: #7ddba5; --3: #f0c060; --4: #c5a3ff; --5: #6fdce6; --6: #ff9fd2 }
  }
  .paper { fill: var(--paper) } text { fill: var(--ink) } .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: var(--faint) } .frame { fill: none; stroke: var(--ink) }
  .line { fill: none; stroke-width: 2 } .even { stroke: var(--ink); stroke-dasharray: 2 4 } .bar { fill-opacity: .35 }
"""


@dataclass(frozen=True)
class Series:
    """The rows of one label."""

    name: str
    truth: Truth
    scores: Floats
    weights: Floats


def roc(series: Sequence[Series]) -> str:
    lines = []
    for each in series:
        curve = metrics.curve(each.truth, each.scores, each.weights)
        area = metrics.roc_auc(each.truth, each.scores, each.weights)
        points = np.column_stack([np.append(0, curve.false_holds), np.append(0, curve.recall)])
        lines.append((f"{each.name} {area:.3f}", points))
    return _plot("ROC: what is found, and what is held for nothing", "false-hold rate", "recall", lines, even=True)


def precision_recall(series: Sequence[Series]) -> str:
    lines = []
    for each in series:
        curve = metrics.curve(each.truth, each.scores, each.weights)
        area = metrics.average_precision(each.truth, each.scores, each.weights)
        lines.append((f"{each.name} {area:.3f}", np.column_stack([curve.recall, curve.precision])))
    return _plot("Precision and recall", "recall", "precision", lines)


def calibration(series: Sequence[Series]) -> str:
    lines = [(each.name, _reliability(each)) for each in series]
    title = "Calibration: what was said, and what was so"
    return _plot(title, "mean predicted probability", "observed share", lines, even=True, marked=True)


def histogram(each: Series) -> str:
    """How the scores of the two kinds of rows spread; each kind's bars add up to 1."""
    edges = np.linspace(0, 1, 21)
    shares = [
        np.histogram(each.scores[rows], edges, weights=each.weights[rows])[0] / max(each.weights[rows].sum(), 1e-9)
        for rows in (each.truth, ~each.truth)
    ]
    # Stairs: most of the clean ones lie at 0, so that heights are drawn as roots.
    lines = [
        (name, np.column_stack([np.repeat(edges, 2)[1:-1], np.repeat(np.sqrt(share), 2)]))
        for name, share in zip(("labelled", "clean"), shares, strict=True)
    ]
    return _plot(f"Scores of {each.name}", "score", "share of rows (square root)", lines)


def _reliability(each: Series) -> Floats:
    bins = metrics.bins_of(each.scores)
    filled = np.bincount(bins, each.weights, metrics.BINS)
    said = np.bincount(bins, each.weights * each.scores, metrics.BINS)
    was_so = np.bincount(bins, each.weights * each.truth, metrics.BINS)
    some = filled > 0
    return np.column_stack([said[some] / filled[some], was_so[some] / filled[some]])


def _plot(
    title: str, across: str, up: str, lines: Sequence[tuple[str, Floats]], *, even: bool = False, marked: bool = False
) -> str:
    drawn = "".join(_line(number, name, points, marked=marked) for number, (name, points) in enumerate(lines))
    width, height = _LEFT + _SIZE + _LEGEND + 16, _TOP + _SIZE + 48
    diagonal = f'<path class="even" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>' if even else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gatepost" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f'<rect class="paper" width="{width}" height="{height}"/>'
        f'<text class="title" x="{_LEFT}" y="24">{escape(title)}</text>{_axes(across, up)}{diagonal}{drawn}</svg>\n'
    )


def _axes(across: str, up: str) -> str:
    ticks = "".join(
        f'<path class="grid" d="M{_x(at)} {_y(0)}V{_y(1)}M{_x(0)} {_y(at)}H{_x(1)}"/>'
        f'<text x="{_x(at)}" y="{_y(0) + 18}" text-anchor="middle">{at:g}</text>'
        f'<text x="{_x(0) - 8}" y="{_y(at) + 4}" text-anchor="end">{at:g}</text>'
        for at in (0, 0.2, 0.4, 0.6, 0.8, 1)
    )
    middle = _TOP + _SIZE / 2
    return (
        f'{ticks}<rect class="frame" x="{_LEFT}" y="{_TOP}" width="{_SIZE}" height="{_SIZE}"/>'
        f'<text x="{_LEFT + _SIZE / 2:g}" y="{_y(0) + 38}" text-anchor="middle">{escape(across)}</text>'
        f'<text transform="translate(16 {middle:g}) rotate(-90)" text-anchor="middle">{escape(up)}</text>'
    )


def _line(number: int, name: str, points: Floats, *, marked: bool) -> str:
    colour, dash = f"var(--{number % 7})", _DASHES[number % len(_DASHES)]
    style = f'class="line" style="stroke: {colour}" stroke-dasharray="{dash}"'
    path = "L".join(f"{_x(x):.1f} {_y(y):.1f}" for x, y in _thinned(points).tolist())
    dots = "".join(
        f'<circle cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="3" style="fill: {colour}"/>'
        for x, y in (points.tolist() if marked else [])
    )
    left, row = _LEFT + _SIZE + 16, _TOP + 12 + 20 * number
    return (
        f'<path {style} d="M{path}"/>{dots}<path {style} d="M{left} {row}H{left + 30}"/>'
        f'<text x="{left + 38}" y="{row + 4}">{escape(name)}</text>'
    )


def _thinned(points: Floats) -> Floats:
    if len(points) <= _POINTS:
        return points
    # Evenly along the line: a curve turns where few rows are.
    length = np.append(0, np.cumsum(np.abs(np.diff(points, axis=0)).sum(axis=1)))
    chosen = np.unique(np.searchsorted(length, np.linspace(0, length[-1], _POINTS)))
    thinned: Floats = points[np.unique(np.append(chosen, [0, len(points) - 1]))]
    return thinned


def _x(share: float) -> float:
    return _LEFT + _SIZE * share


def _y(share: float) -> float:
    return _TOP + _SIZE * (1 - share)
