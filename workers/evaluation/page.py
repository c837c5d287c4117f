"""The table of the comparison, on the terminal and in docs/decision-quality.md."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from rich.table import Table

from service.core.labels import LABELS
from workers.evaluation.comparison import Cost, Line

_BEGIN, _END = "<!-- measured -->", "<!-- end of what was measured -->"
# In the order of LABELS.
_SHORT = ("toxic", "severe", "obsc.", "threat", "insult", "ident.", "spam")
_HEADINGS = (
    *("set", "rows", "bad", "engine", *_SHORT, "mean", "recall at 1%", "bad held", "clean held"),
    *("worst name", "per s and core", "MB"),
)
_PUBLISHED = (
    ("Kaggle's test set", "Detoxify original (published)", ".9864"),
    ("Kaggle's test set", "Detoxify original-small (published)", ".9828"),
)
_NOTHING = "·"


def terminal(lines: Sequence[Line], costs: Sequence[Cost]) -> Table:
    table = Table(box=None, header_style="bold", title="Engines and peers, set by set", title_justify="left")
    for heading in _HEADINGS:
        table.add_column(heading, justify="left" if heading in {"set", "engine", "worst name"} else "right")
    for _, group in groupby(_cells(lines, costs), key=lambda cells: cells[0]):
        for number, cells in enumerate(group):
            table.add_row(*(cells if number == 0 else ("", "", "", *cells[3:])))
        table.add_section()
    return table


def markdown(lines: Sequence[Line], costs: Sequence[Cost]) -> str:
    aligned = ("---" if heading in {"set", "engine", "worst name"} else "---:" for heading in _HEADINGS)
    rows = [_HEADINGS, tuple(aligned), *_cells(lines, costs)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def marked_words(figures: Mapping[str, float]) -> str:
    rows = ["| characters marked | F1 |", "|---|---:|", *(f"| {name} | {f1:.3f} |" for name, f1 in figures.items())]
    return "\n".join(rows)


def speeds(costs: Iterable[Cost]) -> str:
    """What a whole decision costs: reading, disguises, spam, signals and rules beside the engine."""
    ours = (f"{cost.system} {cost.decided:,.0f}" for cost in costs if cost.decided is not None)
    return f"Whole decisions a second and core: {', '.join(ours)}."


def write(page: Path, measured: str) -> None:
    """Put what was measured between the page's markers."""
    before, _, rest = page.read_text(encoding="utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n{measured}\n{_END}{after}", encoding="utf-8")


def _cells(lines: Sequence[Line], costs: Sequence[Cost]) -> list[tuple[str, ...]]:
    by_system = {cost.system: cost for cost in costs}
    first = lines[0].set
    measured = [_line(line, by_system.get(line.system) if line.set == first else None) for line in lines]
    blank = (_NOTHING,)
    return measured + [
        (name, _NOTHING, _NOTHING, engine, *blank * len(LABELS), mean, *blank * 6) for name, engine, mean in _PUBLISHED
    ]


def _line(line: Line, cost: Cost | None) -> tuple[str, ...]:
    worst = line.worst_name
    areas = [line.roc_auc.get(label) for label in LABELS]
    known = [area for area in areas if area is not None]
    return (
        *(line.set, f"{line.rows:,}", f"{line.bad:,}", line.system),
        *(_figure(area) for area in areas),
        _figure(sum(known) / len(known) if len(known) > 1 else None),
        *(_percent(share) for share in (line.recall_at_one_percent, line.bad_held, line.clean_held)),
        f"{worst[0]} {worst[1]:.1%}" if worst else _NOTHING,
        f"{cost.scored:,.0f}" if cost else _NOTHING,
        f"{cost.bytes / 1e6:.1f}" if cost and cost.bytes else _NOTHING,
    )


def _figure(area: float | None) -> str:
    return _NOTHING if area is None else f"{area:.4f}".lstrip("0")


def _percent(share: float | None) -> str:
    return _NOTHING if share is None else f"{share:.1%}"
