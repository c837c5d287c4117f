"""Second factors: digits that an app counts from a shared secret and the time (RFC 6238), and codes for its loss."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlmodel import Session, col, select

from service.core import account_log, console_sessions, db, errors, kept_secrets, moderators
from service.core.account_log import Action
from service.core.models import Moderator, Role, SecondFactor
from service.core.settings import Settings

# What every app can do; most ignore what an address says of other digests, lengths and steps. RFC 4226 recommends 160
# bits, RFC 6238 thirty seconds, and one step of tolerance either way: for clocks, and for slow fingers.
_SECRET_BYTES = 20
_DIGITS = 6
_STEP_SECONDS = 30
_TOLERANCE = 1
RECOVERY_CODES = 10
# 120 bits, which nobody can guess: a plain hash keeps them (ASVS 5.0, 6.5.2).
_RECOVERY_BYTES = 15
_RECOVERY_GROUPS = re.compile(".{6}")


def of(session: Session, moderator_id: UUID) -> SecondFactor | None:
    """The moderator's second factor, which may still wait for its first code."""
    return session.get(SecondFactor, moderator_id)


def is_on(session: Session, moderator_id: UUID) -> bool:
    return bool(having(session, [moderator_id]))


def is_demanded(settings: Settings, roles: Collection[Role]) -> bool:
    """Whether the operator wants a moderator with these roles to have one."""
    wanted = settings.second_factor
    return wanted == "all" or (wanted == "admins" and Role.ADMIN in roles)


def having(session: Session, moderator_ids: Collection[UUID]) -> set[UUID]:
    """Which of these moderators have a second factor."""
    on = select(SecondFactor.moderator_id).where(col(SecondFactor.on_since).is_not(None))
    return set(session.exec(on.where(col(SecondFactor.moderator_id).in_(moderator_ids))))


def begin(session: Session, moderator_id: UUID) -> None:
    """A new secret, which counts for nothing before its first code. Raises ConflictError when a second factor is on."""
    row = _locked(session, moderator_id)
    if row is not None and row.on_since:
        raise errors.ConflictError("Your second factor is on already.")
    row = row or SecondFactor(moderator_id=moderator_id, secret="", created_at=db.now(session))
    row.secret = db.keyring(session).encrypt(base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode())
    session.add(row)


def address(session: Session, row: SecondFactor, email: str, issuer: str) -> str:
    """`otpauth://totp/…`, which an app scans (github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
    return _codes(session, row).get_provisioning_uri(email, issuer)


def switch_on(session: Session, moderator: Moderator, code: str) -> Sequence[str]:
    """From now on each login needs a code. The recovery codes, which nobody can read again; all sessions end.

    Raises WrongCodeError, and ConflictError when there is nothing to switch on.
    """
    row = _locked(session, moderator.id)
    if row is None or row.on_since:
        raise errors.ConflictError("There is no second factor to switch on.")
    if not _is_next(session, row, _typed(code)):
        raise errors.WrongCodeError
    row.on_since = db.now(session)
    _changed(session, moderator.id, Action.SECOND_FACTOR_ON, moderators.actor(moderator))
    return _renew(row)


def accepts(session: Session, moderator: Moderator, code: str) -> bool:
    """Whether the code is one that the moderator's app shows now, or a recovery code; each is accepted once."""
    row = _locked(session, moderator.id)
    if row is None or not row.on_since:
        return False
    typed = _typed(code)
    if _is_next(session, row, typed):
        return True
    if is_recovery := _hash(typed) in row.recovery_hashes:
        row.recovery_hashes = [one for one in row.recovery_hashes if one != _hash(typed)]
        account_log.record(session, moderator.id, Action.RECOVERY_CODE_USED, moderators.actor(moderator))
    return is_recovery


def renew_recovery_codes(session: Session, moderator: Moderator) -> Sequence[str]:
    """New ones, in place of all before. Raises ConflictError when no second factor is on."""
    row = _locked(session, moderator.id)
    if row is None or not row.on_since:
        raise errors.ConflictError("Your second factor is off.")
    account_log.record(session, moderator.id, Action.RECOVERY_CODES_MADE, moderators.actor(moderator))
    return _renew(row)


def switch_off(session: Session, moderator: Moderator) -> None:
    """The password alone logs in again; all sessions end."""
    _remove(session, moderator, Action.SECOND_FACTOR_OFF, moderators.actor(moderator))


def reset(session: Session, moderator: Moderator, actor: str) -> None:
    """The same, done by somebody else for a moderator who has lost phone and codes."""
    _remove(session, moderator, Action.SECOND_FACTOR_RESET, actor)


def _locked(session: Session, moderator_id: UUID) -> SecondFactor | None:
    """Two who come with the same code take turns, and the second finds it used."""
    mine = select(SecondFactor).where(col(SecondFactor.moderator_id) == moderator_id)
    return session.exec(mine.with_for_update().execution_options(populate_existing=True)).first()


def _is_next(session: Session, row: SecondFactor, code: bytes) -> bool:
    """Whether the code is that of a step around now, and later than the last that was used (RFC 6238, 5.2)."""
    now = int(db.now(session).timestamp()) // _STEP_SECONDS
    codes = _codes(session, row)
    around = range(now - _TOLERANCE, now + _TOLERANCE + 1)
    right = [step for step in around if hmac.compare_digest(codes.generate(step * _STEP_SECONDS), code)]
    if not right or right[-1] <= row.last_step:
        return False
    row.last_step = right[-1]
    return True


def _codes(session: Session, row: SecondFactor) -> TOTP:
    return TOTP(base64.b32decode(kept_secrets.text(session, row)), _DIGITS, SHA1(), _STEP_SECONDS)  # noqa: S303 - RFC 6238's own


def _renew(row: SecondFactor) -> list[str]:
    made = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    row.recovery_hashes = [_hash(_typed(code)) for code in made]
    return ["-".join(_RECOVERY_GROUPS.findall(code)) for code in made]


def _remove(session: Session, moderator: Moderator, action: Action, actor: str) -> None:
    """Raises ConflictError when there is none."""
    row = _locked(session, moderator.id)
    if row is None or not row.on_since:
        raise errors.ConflictError(f"{moderator.name} has no second factor.")
    session.delete(row)
    _changed(session, moderator.id, action, actor)


def _changed(session: Session, moderator_id: UUID, action: Action, actor: str) -> None:
    console_sessions.end_all(session, moderator_id)
    account_log.record(session, moderator_id, action, actor)


def _typed(code: str) -> bytes:
    """Without the spaces and hyphens by which people and apps group it."""
    return re.sub(r"[\s-]", "", code).lower().encode(errors="replace")


def _hash(recovery_code: bytes) -> str:
    return hashlib.sha256(recovery_code).hexdigest()
