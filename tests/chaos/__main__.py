"""`make chaos`: run the harness for as long as wanted, print what it found, and fail when a promise was broken."""

import asyncio
import shutil
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tests.chaos import report, systems
from tests.chaos.run import Outcome, Plan, play

SEEDS = [1, 2, 3]

console = Console(highlight=False)
app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def chaos(
    *,
    seconds: Annotated[float, typer.Option(help="How long faults come, for each seed.")] = 600,
    seed: Annotated[list[int], typer.Option(help="May be given again; the same seed brings the same faults.")] = SEEDS,
    per_second: Annotated[float, typer.Option(help="Submissions a second.")] = 20,
    embedded: Annotated[bool, typer.Option("--embedded", help="One process on SQLite.")] = False,
) -> None:
    """Kill, freeze and mislead a whole deployment while clients count on it."""
    outcomes = [_run(Plan(seconds, one, per_second), embedded=embedded) for one in seed]
    raise typer.Exit(0 if all(outcome.clean for outcome in outcomes) else 1)


def _run(plan: Plan, *, embedded: bool) -> Outcome:
    title = f"{'embedded' if embedded else 'server'}, seed {plan.seed}, {plan.seconds:g} s, {plan.per_second:g}/s"
    folder = Path(tempfile.mkdtemp(prefix="gatepost-chaos-"))
    started = time.monotonic()

    def tell(line: str) -> None:
        console.print(f"{time.monotonic() - started:6.0f} s  {line}")

    console.print(f"{title}: starting; the logs are in {folder}")
    with systems.embedded(folder) if embedded else systems.server(folder) as system:
        system.start()
        outcome = asyncio.run(play(system, plan, tell))
    console.print(report.table(title, outcome))
    if outcome.clean:
        shutil.rmtree(folder)
    else:
        console.print(f"The logs are in {folder}.", style="red")
        console.print(outcome.verdict, outcome.refused[:5])
    return outcome


if __name__ == "__main__":
    app()
