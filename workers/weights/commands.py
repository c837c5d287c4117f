"""`gatepost models`: list, fetch, verify and export."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from service.core.settings import Settings
from workers.engines import checkpoints
from workers.engines.detoxify import DetoxifyEngine
from workers.engines.engine import EngineUnavailableError
from workers.weights import download, export, inventory
from workers.weights.download import DownloadError
from workers.weights.export import ExportError

app = typer.Typer(help="List, fetch, verify and export models.", no_args_is_help=True)
console = Console(stderr=True)


@app.command("list")
def list_models() -> None:
    """Show the bundled models and Detoxify's: size, licence, where they are and whether their files are whole."""
    table = Table("model", "MB", "licence", "state", "where")
    for model in inventory.models(Settings()):
        state = _state(model.place)
        table.add_row(model.name, f"{model.bytes / 1e6:,.1f}", model.licence, state, str(model.place or ""))
    Console().print(table)


@app.command()
def fetch(
    model: Annotated[str, typer.Argument(help=f"One of Detoxify's: {', '.join(checkpoints.PUBLISHED)}.")],
    folder: Annotated[Path, typer.Option(help="Where to put it; for GATEPOST_DETOXIFY_FOLDER.")],
    mirror: Annotated[
        str | None, typer.Option(help="A server that has the same paths, instead of github.com and huggingface.co.")
    ] = None,
) -> None:
    """Fetch a Detoxify model. Broken off, the same command goes on where it stopped."""
    if model not in checkpoints.PUBLISHED:
        _fail(f"Detoxify has no model {model!r}; known are {', '.join(checkpoints.PUBLISHED)}.")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    try:
        with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
            download.fetch(model, folder, mirror, progress)
    except DownloadError as error:
        _fail(str(error))
    console.print(f"{model} is in {folder}. Set GATEPOST_ENGINE=detoxify, GATEPOST_DETOXIFY_MODEL={model} and")
    console.print(f"GATEPOST_DETOXIFY_FOLDER={folder}", soft_wrap=True)


@app.command()
def verify(
    which: Annotated[str | None, typer.Argument(help="A model's name or folder. Not given: all that are here.")] = None,
) -> None:
    """Compare files with the checksums in their cards, in SHA256SUMS, or in their published names."""
    places = _places(which)
    if not places:
        _fail(f"{which} is neither a folder nor a model that is on this machine.")
    troubles = [trouble for place in places for trouble in inventory.check(place)]
    if troubles:
        _fail("\n".join(troubles))
    for place in places:
        console.print(f"{place}: as described", soft_wrap=True)


@app.command("export")
def export_model(
    folder: Annotated[Path, typer.Argument(help="Folder with Detoxify's checkpoint and tokenizer.")],
    out: Annotated[Path, typer.Option(help="An empty or new folder; for GATEPOST_ONNX_FOLDER.")],
    model: Annotated[str, typer.Option(help=f"Which it is: {', '.join(checkpoints.PUBLISHED)}.")] = "original",
    *,
    int8: Annotated[bool, typer.Option("--int8", help="Weights in 8 bits: a quarter of the size, and faster.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write it even if its scores differ too much.")] = False,
) -> None:
    """Write a Detoxify model as ONNX, which runs without torch (needs the extra `detoxify`)."""
    try:
        difference = export.export(DetoxifyEngine(model, folder), out, int8=int8, force=force)
    except (EngineUnavailableError, ExportError) as error:
        _fail(str(error))
    console.print(f"Scores differ by up to {difference.largest:.5f}, by {difference.mean:.5f} in the mean.")
    console.print(f"Set GATEPOST_ENGINE=onnx and GATEPOST_ONNX_FOLDER={out}", soft_wrap=True)


def _state(place: Path | None) -> str:
    if place is None:
        return "not here"
    return "damaged: run `gatepost models verify`" if inventory.check(place) else "verified"


def _places(which: str | None) -> list[Path]:
    if which and Path(which).is_dir():
        return [Path(which)]
    here = [model for model in inventory.models(Settings()) if model.place and which in (None, model.name)]
    return [model.place for model in here if model.place]


def _fail(text: str) -> None:
    console.print(text, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1)
