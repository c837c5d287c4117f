"""Failed logins are counted, so that nobody can try passwords for long; and none can lock a moderator out.

Counted in the database, so that all web processes count together. OWASP ASVS 5.0, 6.1.1 and 6.3.1.
"""

import hashlib
import ipaddress
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import case, update
from sqlmodel import Session, col, delete

from service.core import db, errors
from service.core.models import LoginThrottle

# A count starts anew when nothing has failed for this long.
WINDOW = timedelta(minutes=15)
# One account from one address: a person who mistypes. What is wrong from elsewhere does not lock them out.
PAIR_LIMIT = 5
# One address, whatever the account: an office may share it, and so may those who try stolen passwords.
ADDRESS_LIMIT = 50
# One account, from anywhere: many addresses that guess together. Holds off only where the account never logged in from.
ACCOUNT_LIMIT = 50
FAMILIAR_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Attempt:
    """A login that is tried, as what it counts for. Hashed: an e-mail field may hold a password by mistake."""

    account: str
    address: str
    pair: str

    @classmethod
    def of(cls, email: str, address: str) -> "Attempt":
        account, network = email.strip().casefold(), _network(address)
        return cls(_hash("account", account), _hash("address", network), _hash("pair", account, network))

    @classmethod
    def of_code(cls, email: str, address: str) -> "Attempt":
        """A code that is tried after the right password: counted for the account, wherever it comes from.

        Strangers cannot lock anybody out so: they never get as far.
        """
        login = cls.of(email, address)
        return replace(login, pair=_hash("code", login.account))


def count(session: Session, attempt: Attempt) -> None:
    """Count the attempt as failed, before its password is looked at: of many at once no more pass than one by one.

    Raises ThrottledError, and then the attempt counts for nothing: the caller's transaction rolls back.
    """
    # One order for all: two logins that hold each other's rows would wait for ever.
    pair = _add(session, attempt.pair)
    if pair.failures > PAIR_LIMIT or _add(session, attempt.address).failures > ADDRESS_LIMIT:
        raise errors.ThrottledError
    familiar = pair.succeeded_at is not None and db.now(session) - pair.succeeded_at < FAMILIAR_FOR
    if _add(session, attempt.account).failures > ACCOUNT_LIMIT and not familiar:
        raise errors.ThrottledError


def take_back(session: Session, attempt: Attempt) -> None:
    """The attempt has not failed."""
    for subject in (attempt.pair, attempt.address, attempt.account):
        counted = update(LoginThrottle).where(col(LoginThrottle.subject) == subject, col(LoginThrottle.failures) > 0)
        session.execute(counted.values(failures=col(LoginThrottle.failures) - 1))


def succeed(session: Session, attempt: Attempt) -> None:
    """The password was right: this address is familiar to the account, and its mistakes are forgiven."""
    take_back(session, attempt)
    mine = update(LoginThrottle).where(col(LoginThrottle.subject) == attempt.pair)
    session.execute(mine.values(failures=0, succeeded_at=db.now(session)))


def forget(session: Session) -> int:
    """Remove the counts that mean nothing any more; their number."""
    now = db.now(session)
    old = col(LoginThrottle.failed_at) < now - WINDOW
    unfamiliar = col(LoginThrottle.succeeded_at).is_(None) | (col(LoginThrottle.succeeded_at) < now - FAMILIAR_FOR)
    return len(
        session.scalars(delete(LoginThrottle).where(old, unfamiliar).returning(col(LoginThrottle.subject))).all()
    )


def _add(session: Session, subject: str) -> LoginThrottle:
    """One more failure, in one statement: it waits for a rival's open transaction."""
    now = db.now(session)
    statement = db.insert(session, LoginThrottle).values(subject=subject, failures=1, failed_at=now)
    quiet = col(LoginThrottle.failed_at) < now - WINDOW
    failures = case((quiet, 1), else_=col(LoginThrottle.failures) + 1)
    counted = statement.on_conflict_do_update(index_elements=["subject"], set_={"failures": failures, "failed_at": now})
    row: LoginThrottle = session.scalars(
        counted.returning(LoginThrottle), execution_options={"populate_existing": True}
    ).one()
    return row


def _network(address: str) -> str:
    """The address as it is counted: of IPv6 the /64, which is one customer's."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    return str(ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()
