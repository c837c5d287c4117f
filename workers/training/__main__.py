"""`python -m workers.training`: rebuilds the bundled models and their cards from the labelled data."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workers.engines import cascade as engines
from workers.engines import compact
from workers.engines.linear import LinearModel
from workers.engines.onnx import OnnxEngine
from workers.training import cards, cascade, evaluation, head, spam, toxicity, weights

Tell = Callable[[str], None]


class Part(StrEnum):
    TOXICITY = "toxicity"
    SPAM = "spam"


def main(
    data: Annotated[Path, typer.Option(help="Folder of the data sets, one folder each.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Where the models and their cards go.")] = compact.MODELS,
    start: Annotated[
        Path | None,
        typer.Option(help="Folder of all-MiniLM-L6-v2: train the encoder too, an hour on two cores."),
    ] = None,
    only: Annotated[Part | None, typer.Option(help="Rebuild what scores this alone.")] = None,
) -> None:
    """Rebuild the bundled models. Without the encoder it takes some minutes; the same data give the same bytes.

    Reads jigsaw-toxic, identity-terms, toxic-spans, davidson-hate-offensive, youtube-spam-collection,
    sms-spam-collection and list-wordpress-comment-blocklist. The encoder needs torch.

    Writes toxicity.npz and spam.npz, for each a card (.json: checksum, sources, figures), README.md, encoder/ (without
    --start its answer on spam alone), and what the signals of spam weigh (workers/signals/weights.json).
    """
    out.mkdir(parents=True, exist_ok=True)
    if only != Part.SPAM:
        _build_toxicity(data, start, out)
    if only != Part.TOXICITY:
        _build_spam(data, out, _teller("spam"))
    (out / "README.md").write_text(cards.describe(out), encoding="utf-8")


def _build_toxicity(folder: Path, start: Path | None, out: Path) -> None:
    data, tell = toxicity.read(folder), _teller("toxicity")
    trained = toxicity.train(data, tell)
    tell("measuring")
    cards.publish(trained.model, out / "toxicity.npz", cards.TOXICITY, lambda saved: evaluation.measure(saved, data))
    if start:
        _build_encoder(folder, start, out / "encoder", _teller("encoder"))
    _blend(data, trained.draft, out, _teller("cascade"))


def _build_spam(folder: Path, out: Path, tell: Tell) -> None:
    tell("reading")
    data = spam.read(folder)
    tell("asking the encoder")
    vectors = head.embed(out / "encoder", [one for source in weights.shown(data) for one in source.texts])
    head.write(head.fit([source.take(held_out=False).thin() for source in data], vectors), out / "encoder")
    cards.publish_encoder(out / "encoder", cards.figures(out / "encoder"))
    seen = weights.look(data, vectors, tell)
    learnt = weights.weigh(seen)
    weights.save(learnt)
    tell("final fit")
    about_decisions = {"unknown": weights.measure(seen, learnt)}
    cards.publish(
        spam.train(data, tell),
        out / "spam.npz",
        cards.SPAM,
        lambda saved: {**spam.measure(saved, data), **about_decisions},
    )


def _build_encoder(folder: Path, start: Path, out: Path, tell: Tell) -> None:
    from workers.training import encoder, mixture  # noqa: PLC0415 - torch is needed here only

    tell("reading")
    model = encoder.train(mixture.read(folder), start, tell)
    tell("exporting")
    encoder.write(model, start, out)
    cards.publish_encoder(out, {})


def _blend(data: toxicity.Data, draft: LinearModel, out: Path, tell: Tell) -> None:
    folder = out / "encoder"
    tell("weighing the linear model against the encoder")
    encoder = OnnxEngine(folder)
    blend = cascade.fit(draft, encoder, toxicity.calibration_examples(data))
    engines.save_blend(blend, folder / engines.BLEND)
    tell("measuring")
    engine = engines.CascadeEngine(compact.load_model(out / "toxicity.npz"), encoder, blend)
    cards.publish_encoder(folder, evaluation.measure(engine, data))


def _teller(model: str) -> Tell:
    return lambda news: typer.echo(f"{model}: {news}", err=True)


if __name__ == "__main__":
    typer.run(main)
