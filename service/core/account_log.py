"""What was done with a moderator's account: told to its owner, and to the admins of their sites."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from uuid import UUID

from sqlmodel import Session, col, select

from service.core import db
from service.core.models import AccountEntry

# `gatepost moderator`: whoever may run commands on the machine.
OPERATOR = "operator"


class Action(StrEnum):
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - it is none
    SECOND_FACTOR_ON = "second_factor_on"
    SECOND_FACTOR_OFF = "second_factor_off"
    SECOND_FACTOR_RESET = "second_factor_reset"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    SESSIONS_ENDED = "sessions_ended"


def record(session: Session, moderator_id: UUID, action: Action, actor: str) -> None:
    session.add(AccountEntry(moderator_id=moderator_id, action=action, actor=actor, at=db.now(session)))


def latest(session: Session, moderator_ids: Collection[UUID], limit: int) -> Sequence[AccountEntry]:
    """Entries about any of these, newest first."""
    query = select(AccountEntry).where(col(AccountEntry.moderator_id).in_(moderator_ids))
    return session.exec(query.order_by(col(AccountEntry.id).desc()).limit(limit)).all()
