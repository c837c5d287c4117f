"""Whether a human has decided a comment, and what."""

from service.core import comments
from service.core.models import Status


def word(status: Status, decided_by: str | None) -> Status | None:
    """APPROVED or REJECTED where a human has decided."""
    decided = status in {Status.APPROVED, Status.REJECTED}
    return status if decided and decided_by not in {None, comments.POLICY} else None
