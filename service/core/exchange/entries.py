"""An archive's entry, before and after it is looked at closely."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from service.core import comments
from service.core.exchange import statuses
from service.core.models import Category, Status
from service.core.submissions import Submission

UNKNOWN_STATUS = "with a status that says nothing of it, left out"
NO_TEXT = "without text, left out"
CUT_SHORT = "too long, cut short"
FIELD_DROPPED = "with a field that nothing can be made of, which was dropped"
INVALID = "not usable, left out"

_MOST_CHARACTERS = 50_000


@dataclass(frozen=True)
class Entry:
    """A comment as a reader finds it: fields of a submission, not yet validated, and what was decided of it."""

    external_id: str
    fields: dict[str, Any]
    status: str
    category: str = ""
    decided_at: str = ""
    decided_by: str = ""


@dataclass(frozen=True)
class Past:
    """A comment with its history: as it will be stored."""

    submission: Submission
    status: Status
    category: Category | None
    decided_at: datetime | None
    decided_by: str


def past(entry: Entry, damage: Counter[str]) -> Past | None:
    """None for what is left out; `damage` then counts why."""
    decided = statuses.meaning(entry.status, entry.category)
    if decided is None:
        damage[UNKNOWN_STATUS] += 1
        return None
    submission = _submission(entry, damage)
    if submission is None:
        return None
    # Another Gatepost's machine is no human either.
    by = comments.POLICY if entry.decided_by == comments.POLICY else comments.IMPORT
    return Past(submission, *decided, time(entry.decided_at), by)


def time(text: object) -> datetime | None:
    """ISO 8601, or WordPress's way with a space; without an offset it is UTC. None for what is no time."""
    try:
        read = datetime.fromisoformat(str(text).strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _submission(entry: Entry, damage: Counter[str]) -> Submission | None:
    fields = {**entry.fields, "external_id": entry.external_id}
    if not str(fields.get("text") or "").strip():
        damage[NO_TEXT] += 1
        return None
    if len(fields["text"]) > _MOST_CHARACTERS:
        damage[CUT_SHORT] += 1
        fields["text"] = fields["text"][:_MOST_CHARACTERS]
    try:
        return Submission.model_validate(fields)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors()}
    if wrong & {"text", "external_id"}:
        damage[INVALID] += 1
        return None
    damage[FIELD_DROPPED] += 1
    return Submission.model_validate({name: value for name, value in fields.items() if name not in wrong})
