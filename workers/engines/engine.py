"""The one interface that every engine has."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.core.labels import TOXICITY_LABELS, Scores


class Engine(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def languages(self) -> frozenset[str] | None:
        """ISO 639-1 codes of what it can judge; None: any."""
        ...

    def score(self, texts: Sequence[str]) -> list[Scores]:
        """Give one `Scores` per text, in order: the six toxicity labels, each a probability in [0, 1].

        An engine may add what it reads of spam in a text; it is asked once for both.
        Any text is allowed: empty, of any length, in any script.
        """
        ...


class EngineUnavailableError(Exception):
    """The engine cannot be loaded; the text says what is missing and how to get it."""


def probabilities(log_odds: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)) without its overflow."""
    return np.exp(-np.logaddexp(0, -log_odds, dtype=np.float32))


def name_labels(rows: NDArray[np.floating]) -> list[Scores]:
    """Give each row of six probabilities, in the order of TOXICITY_LABELS, as scores."""
    return [dict(zip(TOXICITY_LABELS, row, strict=True)) for row in rows.tolist()]
