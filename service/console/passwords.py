"""Whose password it is: of whoever logs in, and again of whoever changes their account."""

from typing import Annotated

from fastapi import Form, Request

from service.console import auth
from service.console.auth import Visit
from service.core import errors, moderators, throttle
from service.core.db import Database
from service.core.models import Moderator
from service.core.throttle import Attempt

Password = Annotated[str, Form(max_length=1000)]
# What a page tells that asks for password or code: it is shown again.
NOT_PROVEN = (errors.WrongPasswordError, errors.WrongCodeError, errors.ThrottledError)


def enter(database: Database, attempt: Attempt, email: str, password: str) -> Moderator | None:
    """Whose password it is. Raises ThrottledError, and BusyError, which counts as no failure."""
    with database.transaction() as session:
        throttle.count(session, attempt)
        moderator = moderators.find(session, email)
    try:
        return moderator if moderators.may_enter(moderator, password) else None
    except errors.BusyError:
        with database.transaction() as session:
            throttle.take_back(session, attempt)
        raise


def require(request: Request, database: Database, visit: Visit, password: str) -> None:
    """Whoever sits at a browser that somebody left open does not know it. Raises WrongPasswordError, ThrottledError."""
    email = visit.moderator.email
    attempt = Attempt.of(email, auth.address(request))
    if enter(database, attempt, email, password) is None:
        raise errors.WrongPasswordError
    with database.transaction() as session:
        throttle.take_back(session, attempt)
