"""`python -m workers.evaluation.suite`: Gatepost's engines and its peers on the same rows, in one table."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_args

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from service.core.labels import LABELS
from service.core.settings import EngineName
from workers.evaluation import comparison, page, plots, sets, spans, systems
from workers.evaluation.comparison import Line
from workers.evaluation.plots import Series
from workers.evaluation.sets import LabelledSet
from workers.evaluation.systems import Answer, Gatepost, System
from workers.training import corpora

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "decision-quality.md"
_PLOTS = ROOT / "docs" / "plots"
_WIDTH = 210
Answers = dict[tuple[str, str], Answer]  # by system and set


def main(
    data: Annotated[Path, typer.Option(help="Folder of the data sets, one folder each.", exists=True, file_okay=False)],
    engine: Annotated[list[str] | None, typer.Option(help="Only this engine of Gatepost; may be repeated.")] = None,
    *,
    peers: Annotated[bool, typer.Option(help="Measure the peers too.")] = True,
    write: Annotated[bool, typer.Option(help="Write the table into docs/decision-quality.md.")] = True,
) -> None:
    """Measure every engine and peer on every set. Takes some minutes on one core."""
    news = Console(stderr=True)
    labelled = list(sets.read(data))
    with systems.peers(ROOT if peers else None) as others, Progress(console=news, transient=True) as progress:
        compared: list[System] = [*_ours(engine, news), *others]
        answers = _answers(compared, labelled, progress)
        lines = [*_lines(compared, labelled, answers), *_disguises(compared, data, progress)]
        bar = progress.add_task("timing", total=comparison.ROUNDS * len(compared))
        costs = comparison.time(compared, labelled[0].texts, lambda: progress.advance(bar))
    out = Console(width=_WIDTH)
    out.print(page.terminal(lines, costs))
    out.print(page.speeds(costs))
    if write:
        about = "\n".join(f"- **{each.name}**: {each.about}." for each in labelled)
        words = page.marked_words(spans.measure(data)["character_f1"])
        page.write(PAGE, "\n\n".join((_machine(), page.markdown(lines, costs), page.speeds(costs), about, words)))
        _draw(compared, labelled, answers)


def _ours(wanted: Sequence[str] | None, news: Console) -> Iterator[Gatepost]:
    for one in systems.gateposts(wanted or get_args(EngineName)):
        if isinstance(one, str):
            news.print(f"Not measured: {one}", highlight=False, markup=False)
        else:
            yield one


def _answers(compared: Sequence[System], labelled: Sequence[LabelledSet], progress: Progress) -> Answers:
    bar = progress.add_task("measuring", total=len(compared) * len(labelled))
    answers: Answers = {}
    texts: dict[str, Sequence[str]] = {}
    for each in labelled:
        # The natural rows are the raw ones, weighed.
        same = next((name for name, known in texts.items() if known is each.texts), None)
        texts[each.name] = each.texts
        for system in compared:
            known = answers.get((system.name, same)) if same else None
            answers[system.name, each.name] = known or system.answer(each.texts)
            progress.advance(bar)
    return answers


def _lines(compared: Sequence[System], labelled: Sequence[LabelledSet], answers: Answers) -> list[Line]:
    measured = [
        comparison.measure(system, each, answers[system.name, each.name]) for each in labelled for system in compared
    ]
    (named,) = (each for each in labelled if each.name == sets.FUNCTIONAL)
    names = [comparison.name_groups(system, named.texts, answers[system.name, named.name]) for system in compared]
    return [*measured, *names]


def _disguises(compared: Sequence[System], data: Path, progress: Progress) -> Iterator[Line]:
    wikipedia = corpora.jigsaw(data)
    for system in progress.track(compared, description="disguising"):
        yield comparison.disguise(system, wikipedia)


def _draw(compared: Sequence[System], labelled: Sequence[LabelledSet], answers: Answers) -> None:
    """Plots for the page: the first engine's labels on Wikipedia at its natural rate, and all systems on our cases."""
    by_name = {each.name: each for each in labelled}
    natural, cases = by_name[sets.NATURAL], by_name[sets.FUNCTIONAL]
    first = compared[0]
    labels = [_series(label, label, natural, answers[first.name, natural.name]) for label in natural.truth]
    peers = [_series(system.name, "toxicity", cases, answers[system.name, cases.name]) for system in compared]
    drawn = {
        "wikipedia-roc": plots.roc(labels),
        "wikipedia-calibration": plots.calibration(labels),
        "functional-roc": plots.roc(peers),
    }
    _PLOTS.mkdir(exist_ok=True)
    for name, plot in drawn.items():
        (_PLOTS / f"{name}.svg").write_text(plot, encoding="utf-8")


def _series(name: str, label: str, labelled: LabelledSet, answer: Answer) -> Series:
    weights = np.ones(len(labelled.texts)) if labelled.weights is None else labelled.weights
    return Series(name, labelled.truth[label], answer.scores[:, LABELS.index(label)], weights)


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    day = datetime.now(UTC).date().isoformat()
    return (
        f"Measured on {day}, on {cores} cores of a shared {platform.machine()} machine with Python"
        f" {platform.python_version()}. Seconds are those that a core was busy, so that neighbours do not count."
    )


if __name__ == "__main__":
    typer.run(main)
