"""`python -m workers.evaluation.suite`: Gatepost's engines and its peers on the same rows, in one table."""

import os
import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import Progress

from service.core.settings import EngineName
from workers.evaluation import comparison, page, sets, spans, systems
from workers.evaluation.comparison import Line
from workers.evaluation.sets import LabelledSet
from workers.evaluation.systems import Answer, Gatepost, System
from workers.training import corpora

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "decision-quality.md"
_WIDTH = 210
_NAMED = "Functional cases"


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
        lines = _lines(compared, labelled, data, progress)
        bar = progress.add_task("timing", total=comparison.ROUNDS * len(compared))
        costs = comparison.time(compared, labelled[0].texts, lambda: progress.advance(bar))
    words = spans.measure(data)["character_f1"]
    out = Console(width=_WIDTH)
    out.print(page.terminal(lines, costs))
    out.print(page.speeds(costs))
    if write:
        about = "\n".join(f"- **{each.name}**: {each.about}." for each in labelled)
        table, marked = page.markdown(lines, costs), page.marked_words(words)
        page.write(PAGE, "\n\n".join((_machine(), table, page.speeds(costs), about, marked)))


def _ours(wanted: Sequence[str] | None, news: Console) -> Iterator[Gatepost]:
    for one in systems.gateposts(wanted or get_args(EngineName)):
        if isinstance(one, str):
            news.print(f"Not measured: {one}", highlight=False)
        else:
            yield one


def _lines(compared: Sequence[System], labelled: Sequence[LabelledSet], data: Path, progress: Progress) -> list[Line]:
    bar = progress.add_task("measuring", total=len(compared) * (len(labelled) + 1))
    measured = []
    names = []
    answers: dict[tuple[str, int], Answer] = {}
    for each in labelled:
        for system in compared:
            # The natural rows are the same as the raw ones.
            key = (system.name, id(each.texts))
            answers[key] = answers.get(key) or system.answer(each.texts)
            measured.append(comparison.measure(system, each, answers[key]))
            if each.name == _NAMED:
                names.append(comparison.name_groups(system, each.texts, answers[key]))
            progress.advance(bar)
    wikipedia = corpora.jigsaw(data)
    disguises = []
    for system in compared:
        disguises.append(comparison.disguise(system, wikipedia))
        progress.advance(bar)
    return [*measured, *names, *disguises]


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    day = datetime.now(UTC).date().isoformat()
    return (
        f"Measured on {day}, on {cores} cores of a shared {platform.machine()} machine with Python"
        f" {platform.python_version()}. Seconds are those that a core was busy, so that neighbours do not count."
    )


if __name__ == "__main__":
    typer.run(main)
