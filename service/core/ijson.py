"""JSON as I-JSON (RFC 7493) has it: nothing that two parsers may read differently."""

import json
from typing import Any

# Each unknown name is an error that pydantic writes out: a hundred thousand would stop the web process for a second.
MOST_NAMES = 20_000


def loads(body: bytes) -> Any:
    """Raises JSONDecodeError."""
    try:
        return json.loads(body.decode(), object_pairs_hook=_Objects().take, parse_constant=_refuse_constant)
    except json.JSONDecodeError:
        raise
    except UnicodeDecodeError:
        raise json.JSONDecodeError("The body must be UTF-8", "", 0) from None
    except RecursionError:
        raise json.JSONDecodeError("The body is nested too deep", "", 0) from None
    except ValueError as error:
        # Ours, or Python's own on a number of more than 4300 digits.
        raise json.JSONDecodeError(str(error), "", 0) from None


class _Objects:
    """The objects of one body."""

    def __init__(self) -> None:
        self.names = 0

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("A name comes twice in one object")
        self.names += len(pairs)
        if self.names > MOST_NAMES:
            raise ValueError(f"There are more than {MOST_NAMES:,} names")
        return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
