"""What reads a text and each signal weigh, in log-odds: `weights.json`, which `python -m workers.training` writes."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PATH = Path(__file__).with_name("weights.json")


@dataclass(frozen=True)
class Weights:
    prior: float  # how likely spam is before anything is seen
    limit: float  # log-odds of a reader of the text beyond this count no more
    text_alone: float  # what a log-odd of the text model counts where nothing else has read the text
    text_beside_encoder: float  # … and where the encoder has
    encoder: float  # what a log-odd of the encoder counts
    signals: dict[str, float]  # learnt and set by hand


@cache
def load() -> Weights:
    read = json.loads(PATH.read_bytes())
    readers = {name: read[name] for name in ("prior", "limit", "text_alone", "text_beside_encoder", "encoder")}
    return Weights(**readers, signals={**read["learnt"], **read["by_hand"]})


def of(signal: str) -> float:
    return load().signals[signal]
