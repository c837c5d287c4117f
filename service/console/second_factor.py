"""The page on which a moderator sets their second factor up, and switches it off."""

from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from service.console import auth, pages, passwords, scannable
from service.console.auth import Acting, Confined, ConfinedActing, Visit
from service.console.passwords import Password
from service.core import console_sessions, errors, kept_secrets, second_factors, throttle
from service.core.db import Database
from service.core.settings import Settings
from service.core.throttle import Attempt
from service.web import DatabaseDep, SettingsDep

router = APIRouter(prefix="/account/second-factor")

Code = Annotated[str, Form(max_length=100)]


@router.get("")
def show_second_factor(visit: Confined, database: DatabaseDep, settings: SettingsDep) -> Response:
    return _page(visit, database, settings)


@router.post("")
def begin(visit: ConfinedActing, database: DatabaseDep) -> Response:
    with database.transaction() as session:
        second_factors.begin(session, visit.moderator.id)
    return RedirectResponse(auth.SECOND_FACTOR, HTTPStatus.SEE_OTHER)


@router.post("/on")
def switch_on(
    request: Request,
    visit: ConfinedActing,
    database: DatabaseDep,
    settings: SettingsDep,
    password: Password = "",
    code: Code = "",
) -> Response:
    try:
        passwords.require(request, database, visit, password)
        with database.transaction() as session:
            recovery_codes = second_factors.switch_on(session, visit.moderator, code)
            token = auth.begin(session, visit.moderator, request)
    except passwords.NOT_PROVEN as error:
        return _page(visit, database, settings, failure=str(error))
    free = replace(visit, csrf_token=console_sessions.csrf_token(token), confined=False)
    return auth.give(_page(free, database, settings, recovery_codes), token, settings)


@router.post("/recovery-codes")
def renew_recovery_codes(
    request: Request,
    visit: Acting,
    database: DatabaseDep,
    settings: SettingsDep,
    password: Password = "",
    code: Code = "",
) -> Response:
    try:
        _require_both(request, database, visit, password, code)
    except passwords.NOT_PROVEN as error:
        return _page(visit, database, settings, failure=str(error))
    with database.transaction() as session:
        recovery_codes = second_factors.renew_recovery_codes(session, visit.moderator)
    # Not by a redirect: they would stand in an address.
    return _page(visit, database, settings, recovery_codes)


@router.post("/off")
def switch_off(
    request: Request,
    visit: Acting,
    database: DatabaseDep,
    settings: SettingsDep,
    password: Password = "",
    code: Code = "",
) -> Response:
    try:
        _require_both(request, database, visit, password, code)
    except passwords.NOT_PROVEN as error:
        return _page(visit, database, settings, failure=str(error))
    with database.transaction() as session:
        second_factors.switch_off(session, visit.moderator)
        token = auth.begin(session, visit.moderator, request)
    return auth.give(RedirectResponse(auth.SECOND_FACTOR, HTTPStatus.SEE_OTHER), token, settings)


def _require_both(request: Request, database: Database, visit: Visit, password: str, code: str) -> None:
    """Raises what is in `passwords.NOT_PROVEN`."""
    passwords.require(request, database, visit, password)
    attempt = Attempt.of_code(visit.moderator.email, auth.address(request))
    with database.transaction() as session:
        throttle.count(session, attempt)
        # A wrong one stays counted: the error is raised behind the transaction.
        if is_right := second_factors.accepts(session, visit.moderator, code):
            throttle.succeed(session, attempt)
    if not is_right:
        raise errors.WrongCodeError


def _page(
    visit: Visit,
    database: Database,
    settings: Settings,
    recovery_codes: Sequence[str] = (),
    failure: str | None = None,
) -> Response:
    with database.reading() as session:
        row = second_factors.of(session, visit.moderator.id)
        setup: dict[str, Any] = {"secret": None, "drawing": None}
        if row is not None and not row.on_since:
            issuer = urlsplit(settings.public_url).hostname or "Gatepost"
            setup["secret"] = kept_secrets.text(session, row)
            setup["drawing"] = scannable.draw(second_factors.address(session, row, visit.moderator.email, issuer))
    status = HTTPStatus.FORBIDDEN if failure else HTTPStatus.OK
    context = {"at": auth.SECOND_FACTOR, "factor": row, "recovery_codes": recovery_codes, "failure": failure, **setup}
    return pages.show(visit, "second_factor.html", status, **context)
