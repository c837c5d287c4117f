"""The one interface that every engine has."""

from collections.abc import Sequence
from typing import Protocol

from service.core.labels import Scores


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

        Any text is allowed: empty, of any length, in any script.
        """
        ...


class EngineUnavailableError(Exception):
    """The engine cannot be loaded; the text says what is missing and how to get it."""
