"""`python -m workers.training`: rebuilds the bundled models and their cards from the labelled data."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from workers.engines import cascade as engines
from workers.engines import compact
from workers.engines.linear import LinearModel
from workers.engines.onnx import OnnxEngine
from workers.training import cards, cascade, evaluation, spam, toxicity, weights

Tell = Callable[[str], None]


def main(
    data: Annotated[Path, typer.Option(help="Folder of the data sets, one folder each.", exists=True, file_okay=False)],
    out: Annotated[Path, typer.Option(help="Where the models and their cards go.")] = compact.MODELS,
    start: Annotated[
        Path | None,
        typer.Option(help="Folder of all-MiniLM-L6-v2: train the encoder too, an hour on two cores."),
    ] = None,
) -> None:
    """Rebuild the bundled models. The linear ones take some minutes on one core; the same data give the same bytes.

    Reads jigsaw-toxic, identity-terms, toxic-spans, davidson-hate-offensive, youtube-spam-collection,
    sms-spam-collection and list-wordpress-comment-blocklist. The encoder needs torch.

    Writes toxicity.npz and spam.npz, for each a card (.json: checksum, sources, figures), README.md, encoder/, and
    what the signals of spam weigh (workers/signals/weights.json).
    """
    out.mkdir(parents=True, exist_ok=True)
    known = toxicity.read(data)
    draft = _build_toxicity(known, out, _teller("toxicity"))
    _build_spam(data, out, _teller("spam"))
    if start:
        _build_encoder(data, start, out / "encoder", _teller("encoder"))
    _blend(known, draft, out, _teller("cascade"))
    (out / "README.md").write_text(cards.describe(out), encoding="utf-8")


def _build_toxicity(data: toxicity.Data, out: Path, tell: Tell) -> LinearModel:
    trained = toxicity.train(data, tell)
    tell("measuring")
    cards.publish(trained.model, out / "toxicity.npz", cards.TOXICITY, lambda saved: evaluation.measure(saved, data))
    return trained.draft


def _build_spam(folder: Path, out: Path, tell: Tell) -> None:
    tell("reading")
    data = spam.read(folder)
    model = spam.train(data, tell)
    tell("measuring")
    cards.publish(model, out / "spam.npz", cards.SPAM, lambda saved: spam.measure(saved, data))
    weights.save(weights.learn(data, tell))


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
