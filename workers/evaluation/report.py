"""Shows the figures of an evaluation: tables for people, JSON for programs, plots as files."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from workers.evaluation import figures, plots
from workers.evaluation.decisions import Decided
from workers.evaluation.figures import Decisions, Figures, Group, Labelled, Ranked, Unranked
from workers.evaluation.metrics import Share
from workers.evaluation.plots import Series

_MOST_GROUPS = 20


def show(measured: Figures, console: Console) -> None:
    tables = [_ranking(measured.labels), _thresholds(measured.labels), _decisions(measured.decisions)]
    for table in [*tables, *([_groups(measured.groups)] if measured.groups else [])]:
        console.print()
        console.print(table)


def as_json(measured: Figures, about: dict[str, Any]) -> str:
    return json.dumps({**about, **dataclasses.asdict(measured)}, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path, document: str, labelled: Labelled, decided: Decided) -> list[Path]:
    """Write metrics.json and the plots; the files that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"metrics.json": document, **_plots(_series(labelled, decided))}
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files]


def _ranking(labels: Sequence[Ranked | Unranked]) -> Table:
    table = _table("How well the scores tell comments apart (95% interval in brackets)")
    for heading in ("rows", "labelled", "ROC-AUC", "PR-AUC", "recall at 1%\nfalse holds"):
        table.add_column(heading, justify="right")
    for each in labels:
        cells = [each.label, f"{each.rows:,}", f"{each.positives:,}"]
        if isinstance(each, Unranked):
            table.add_row(*cells, "all rows alike")
        else:
            interval = f"\\[{each.roc_auc_low:.3f}, {each.roc_auc_high:.3f}]"
            figures = (f"{each.average_precision:.3f}", f"{each.recall_at_one_percent:.1%}")
            table.add_row(*cells, f"{each.roc_auc:.4f} {interval}", *figures)
    return table


def _thresholds(labels: Sequence[Ranked | Unranked]) -> Table:
    table = _table("What the default thresholds do, and how honest the probabilities are")
    for heading in ("held\nfrom", "recall", "precision", "false holds", "Brier", "calibration\nerror"):
        table.add_column(heading, justify="right")
    for each in labels:
        if isinstance(each, Ranked):
            held = each.at_threshold
            shares = (_share(share) for share in (held.recall, held.precision, held.false_holds))
            held_from = "any" if each.threshold is None else f"{each.threshold:g}"
            table.add_row(each.label, held_from, *shares, f"{each.brier:.4f}", f"{each.calibration_error:.4f}")
    return table


def _table(title: str, first: str = "label") -> Table:
    table = Table(first, title=title, title_justify="left", box=None, header_style="bold", title_style="bold")
    table.columns[0].no_wrap = True
    return table


def _decisions(decisions: Decisions) -> Table:
    table = _table("Decisions of the default policy, by all its rules", "")
    for heading in ("rows", "held", "by rule"):
        table.add_column(heading, justify="left" if heading == "by rule" else "right")
    for name, share, rules in (
        ("labelled comments", decisions.bad_held, decisions.bad_rules),
        ("clean comments", decisions.clean_held, decisions.clean_rules),
    ):
        table.add_row(name, f"{share.rows:,}", _share(share), ", ".join(f"{rule} {n:,}" for rule, n in rules.items()))
    if decisions.unscored:
        table.add_row("not scored by the engine", f"{decisions.unscored:,}")
    table.add_row("comments a second", f"{decisions.comments_per_second:,.0f}")
    table.add_row("… a second of one core", f"{decisions.comments_per_core_second:,.0f}")
    return table


def _groups(groups: Sequence[Group]) -> Table:
    title = "Groups, the worst first"
    if len(groups) > _MOST_GROUPS:
        title += f" (the first {_MOST_GROUPS} of {len(groups)}; metrics.json has all)"
    table = _table(title, "group")
    for heading in ("rows", "clean, held for nothing", "labelled, held"):
        table.add_column(heading, justify="right")
    for group in groups[:_MOST_GROUPS]:
        table.add_row(group.name or "(none)", f"{group.rows:,}", _share(group.clean_held), _share(group.bad_held))
    return table


def _share(share: Share) -> str:
    if share.share is None:
        return "-"
    return f"{share.share:.1%} \\[{100 * share.low:.1f}, {100 * share.high:.1f}]"


def _series(labelled: Labelled, decided: Decided) -> list[Series]:
    series = []
    for label in figures.measured_labels(labelled):
        truth, scores, _, weights = figures.select(labelled, decided, label)
        if truth.any() and not truth.all():
            series.append(Series(label, truth, scores, weights))
    return series


def _plots(series: Sequence[Series]) -> dict[str, str]:
    if not series:
        return {}
    return {
        "roc.svg": plots.roc(series),
        "precision-recall.svg": plots.precision_recall(series),
        "calibration.svg": plots.calibration(series),
        **{f"scores-{each.name.replace(' ', '-')}.svg": plots.histogram(each) for each in series},
    }
