"""`python -m workers.training`: rebuilds the bundled models and their cards from the labelled data."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from workers.engines import compact
from workers.training import cards, evaluation, spam, toxicity

Tell = Callable[[str], None]


def main(
    data: Annotated[Path, typer.Option(help="Folder of the data sets, one folder each.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Where the models and their cards go.")] = compact.MODELS,
) -> None:
    """Rebuild the bundled models: the same data give the same bytes. Takes some minutes on one core.

    Reads jigsaw-toxic, identity-terms, toxic-spans, youtube-spam-collection and sms-spam-collection.

    Writes toxicity.npz and spam.npz, for each a card (.json: checksum, sources, figures), and README.md.
    """
    out.mkdir(parents=True, exist_ok=True)
    _build_toxicity(data, out, _teller("toxicity"))
    _build_spam(data, out, _teller("spam"))
    (out / "README.md").write_text(cards.describe(out), encoding="utf-8")


def _build_toxicity(folder: Path, out: Path, tell: Tell) -> None:
    tell("reading")
    data = toxicity.read(folder)
    model = toxicity.train(data, tell)
    tell("measuring")
    cards.publish(model, out / "toxicity.npz", cards.TOXICITY, lambda saved: evaluation.measure(saved, data))


def _build_spam(folder: Path, out: Path, tell: Tell) -> None:
    tell("reading")
    data = spam.read(folder)
    model = spam.train(data, tell)
    tell("measuring")
    cards.publish(model, out / "spam.npz", cards.SPAM, lambda saved: spam.measure(saved, data))


def _teller(model: str) -> Tell:
    return lambda news: typer.echo(f"{model}: {news}", err=True)


if __name__ == "__main__":
    typer.run(main)
