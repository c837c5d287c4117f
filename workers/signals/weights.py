"""What the text and each signal weigh, in log-odds: `weights.json`, which `python -m workers.training` writes."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PATH = Path(__file__).with_name("weights.json")


@dataclass(frozen=True)
class Weights:
    prior: float  # how likely spam is before anything is seen
    text: float  # what a log-odd of the text model counts
    text_limit: float  # log-odds of the text beyond this count no more
    signals: dict[str, float]  # learnt and set by hand


@cache
def load() -> Weights:
    read = json.loads(PATH.read_bytes())
    return Weights(read["prior"], read["text"], read["text_limit"], {**read["learnt"], **read["by_hand"]})


def of(signal: str) -> float:
    return load().signals[signal]
