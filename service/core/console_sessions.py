"""Who is logged in to the console, since when and from where (OWASP ASVS 5.0, chapter 7)."""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, delete, select

from service.core import db, errors
from service.core.models import ConsoleSession, Moderator, PendingLogin

# Between the password and the code: time to find the phone.
CODE_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Origin:
    """Where a session was begun: what the browser calls itself, and the network it came from, which is no address."""

    user_agent: str = ""
    network: str = ""

    @classmethod
    def of(cls, user_agent: str, address: str) -> "Origin":
        return cls(user_agent[:300], _network(address))


@dataclass(frozen=True)
class Lifetime:
    """A session ends when nobody has used it for so long, and when it is so old in any case."""

    idle: timedelta
    length: timedelta

    def includes(self, row: ConsoleSession, now: datetime) -> bool:
        return now - row.seen_at <= self.idle and now - row.created_at <= self.length


def begin(session: Session, moderator: Moderator, origin: Origin = Origin()) -> str:
    """The token of a new session."""
    token, now = secrets.token_urlsafe(32), db.now(session)
    row = ConsoleSession(token_hash=hash_of(token), moderator_id=moderator.id, created_at=now, seen_at=now)
    row.user_agent, row.network = origin.user_agent, origin.network
    session.add(row)
    return token


def current(session: Session, token: str, lifetime: Lifetime, *, awake: bool = True) -> Moderator:
    """Who holds the token. Raises UnauthorizedError when the session is unknown, has been idle or open for too long.

    A page that asks by itself is not `awake`: it does not keep the session from becoming idle.
    """
    row = session.get(ConsoleSession, hash_of(token))
    now = db.now(session)
    if row is None or not lifetime.includes(row, now):
        raise errors.UnauthorizedError("Please log in.")
    moderator = _enabled(session, row.moderator_id)
    # Not on every click: a write a minute tells idleness well enough.
    if awake and now - row.seen_at > timedelta(minutes=1):
        row.seen_at = now
    return moderator


def csrf_token(token: str) -> str:
    """What a session's forms carry: who knows the session's token can tell it, and it does not tell the token."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def end(session: Session, token: str) -> None:
    if row := session.get(ConsoleSession, hash_of(token)):
        session.delete(row)


def listed(session: Session, moderator_id: UUID, lifetime: Lifetime) -> Sequence[ConsoleSession]:
    """The moderator's sessions that are open, the one that was used last first."""
    query = select(ConsoleSession).where(col(ConsoleSession.moderator_id) == moderator_id)
    rows = session.exec(query.order_by(col(ConsoleSession.seen_at).desc())).all()
    return [row for row in rows if lifetime.includes(row, db.now(session))]


def end_one(session: Session, moderator_id: UUID, token_hash: str) -> None:
    """Raises NotFoundError, for another moderator's session as well."""
    row = session.get(ConsoleSession, token_hash)
    if row is None or row.moderator_id != moderator_id:
        raise errors.NotFoundError("This session has ended already.")
    session.delete(row)


def end_all(session: Session, moderator_id: UUID, *, but: str = "") -> None:
    """End the moderator's sessions, but the one of this token, and logins that lack their code."""
    session.execute(delete(PendingLogin).where(col(PendingLogin.moderator_id) == moderator_id))
    mine = delete(ConsoleSession).where(col(ConsoleSession.moderator_id) == moderator_id)
    session.execute(mine.where(col(ConsoleSession.token_hash) != hash_of(but)))


def await_code(session: Session, moderator: Moderator) -> str:
    """A token that says that the password was right. It opens nothing: for a session a code must follow."""
    token = secrets.token_urlsafe(32)
    session.add(PendingLogin(token_hash=hash_of(token), moderator_id=moderator.id, created_at=db.now(session)))
    return token


def awaiting_code(session: Session, token: str) -> Moderator:
    """Whose password was right. Raises UnauthorizedError when that was too long ago, or the login was finished."""
    row = session.get(PendingLogin, hash_of(token))
    if row is None or db.now(session) - row.created_at > CODE_WITHIN:
        raise errors.UnauthorizedError("Please log in.")
    return _enabled(session, row.moderator_id)


def end_pending(session: Session, token: str) -> None:
    """The code has come, and the token opens nothing any more."""
    if row := session.get(PendingLogin, hash_of(token)):
        session.delete(row)


def _enabled(session: Session, moderator_id: UUID) -> Moderator:
    """Raises UnauthorizedError."""
    moderator = session.get_one(Moderator, moderator_id)
    if moderator.disabled_at is not None:
        raise errors.UnauthorizedError("Please log in.")
    return moderator


def hash_of(token: str) -> str:
    """What the rows hold of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _network(address: str) -> str:
    """`203.0.113.0/24`, or `2001:db8:7::/48`: enough to know one's own places by."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))  # noqa: PLR2004 - IPv4
