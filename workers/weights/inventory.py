"""Which models there are, where, and whether their files are the ones that their cards and checksums describe."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from service.core.settings import Settings
from workers.engines import checkpoints, onnx
from workers.engines.compact import MODELS
from workers.engines.engine import EngineUnavailableError
from workers.weights.download import sha256


@dataclass(frozen=True)
class Model:
    name: str
    place: Path | None  # its folder, or a bundled model's card; None: not on this machine
    bytes: int
    licence: str


def models(settings: Settings) -> list[Model]:
    return [*_bundled(), *_exported(settings), *_published(settings)]


def check(place: Path) -> list[str]:
    """Say what is wrong with the files of a model; nothing when all are as described."""
    if place.is_file():
        return list(_check_card(place))
    if (place / onnx.CARD).is_file():
        return list(_check_exported(place))
    if list(place.glob("*.ckpt")):
        return list(_check_detoxify(place))
    return [f"{place} holds neither an exported model ({onnx.CARD}) nor a checkpoint of Detoxify (*.ckpt)."]


def _bundled() -> Iterator[Model]:
    for card in sorted(MODELS.glob("*.json")):
        about = json.loads(card.read_bytes())
        if {"file", "sha256"} <= about.keys():
            yield Model(card.stem, card, about["bytes"], about.get("licence", "MIT, bundled"))
    for card in sorted(MODELS.glob(f"*/{onnx.CARD}")):
        yield _from_folder(card.parent.name, card.parent)


def _exported(settings: Settings) -> Iterator[Model]:
    if settings.onnx_folder and (settings.onnx_folder / onnx.CARD).is_file():
        yield _from_folder(settings.onnx_folder.name, settings.onnx_folder)


def _from_folder(name: str, folder: Path) -> Model:
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    try:
        licence = onnx.read_card(folder).licence
    except EngineUnavailableError:
        licence = "?"
    return Model(name, folder, size, licence)


def _published(settings: Settings) -> Iterator[Model]:
    for name, checkpoint in checkpoints.PUBLISHED.items():
        places = (settings.detoxify_folder, hub_folder())
        place = next((place for place in places if place and (place / checkpoint.file).is_file()), None)
        yield Model(name, place, round(checkpoint.gigabytes * 1e9), checkpoint.licence)


def hub_folder() -> Path:
    """Where torch.hub, and so Detoxify, puts what it downloads."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"


def _check_card(card: Path) -> Iterator[str]:
    about = json.loads(card.read_bytes())
    yield from _check_file(card.with_name(about["file"]), about["sha256"])


def _check_exported(folder: Path) -> Iterator[str]:
    try:
        card = onnx.read_card(folder)
    except EngineUnavailableError as error:
        yield str(error)
        return
    for name, digest in card.sha256.items():
        yield from _check_file(folder / name, digest)


def _check_file(path: Path, digest: str) -> Iterator[str]:
    try:
        onnx.verify(path, digest)
    except EngineUnavailableError as error:
        yield str(error)


def _check_detoxify(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.ckpt")):
        try:
            checkpoints.verify(path, sha256(path))
        except ValueError as error:
            yield str(error)
    for name, digest in checkpoints.read_checksums(folder).items():
        if not name.endswith(".ckpt"):
            yield from _check_file(folder / name, digest)
