"""Logging in, with a password and for whom has one a code, and logging out."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from service.console import auth, pages, passwords
from service.console.auth import HOME, LOGIN, ConfinedActing
from service.console.language import N_
from service.console.passwords import Password
from service.core import claims, console_sessions, errors, second_factors, throttle
from service.core.models import Moderator, Text
from service.core.settings import Settings
from service.core.throttle import Attempt
from service.web import DatabaseDep, SettingsDep

router = APIRouter()

_WRONG = N_("E-mail address and password do not fit together.")
Wanted = Annotated[str, Form(alias="next")]


@router.get("/login")
def show_login(request: Request, wanted: Annotated[str, Query(alias="next")] = HOME) -> Response:
    return _page(request, wanted)


@router.post("/login")
def log_in(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    email: Annotated[Text, Form(max_length=320)] = "",
    password: Password = "",
    wanted: Wanted = HOME,
) -> Response:
    attempt = Attempt.of(email, auth.address(request))
    try:
        moderator = passwords.enter(database, attempt, email, password)
    except errors.ThrottledError as error:
        return _page(request, wanted, email, str(error), HTTPStatus.TOO_MANY_REQUESTS)
    if moderator is None:
        return _page(request, wanted, email, _WRONG, HTTPStatus.FORBIDDEN)
    with database.transaction() as session:
        if second_factors.is_on(session, moderator.id):
            # The attempt stays counted until the code has come: else the password would forgive wrong codes.
            return _ask_code(request, console_sessions.await_code(session, moderator), wanted)
        throttle.succeed(session, attempt)
        return _let_in(request, settings, session, moderator, wanted)


@router.post("/login/code")
def give_code(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    pending: Annotated[str, Form(max_length=100)] = "",
    code: Annotated[str, Form(max_length=100)] = "",
    wanted: Wanted = HOME,
) -> Response:
    try:
        with database.transaction() as session:
            moderator = console_sessions.awaiting_code(session, pending)
            login = Attempt.of(moderator.email, auth.address(request))
            attempt = Attempt.of_code(moderator.email, auth.address(request))
            throttle.count(session, attempt)
            if not second_factors.accepts(session, moderator, code):
                return _ask_code(request, pending, wanted, errors.WrongCodeError(), HTTPStatus.FORBIDDEN)
            for one in (login, attempt):
                throttle.succeed(session, one)
            console_sessions.end_pending(session, pending)
            return _let_in(request, settings, session, moderator, wanted)
    except errors.ThrottledError as error:
        return _ask_code(request, pending, wanted, error, HTTPStatus.TOO_MANY_REQUESTS)


@router.post("/logout")
def log_out(request: Request, visit: ConfinedActing, database: DatabaseDep, settings: SettingsDep) -> Response:
    with database.transaction() as session:
        claims.release(session, visit.moderator.id)
        console_sessions.end(session, auth.token_of(request, settings))
    return auth.take(RedirectResponse(LOGIN, HTTPStatus.SEE_OTHER), settings)


def _let_in(request: Request, settings: Settings, session: Session, moderator: Moderator, wanted: str) -> Response:
    token = auth.begin(session, moderator, request)
    # Whoever planted or knew the old token has nothing from this login.
    console_sessions.end(session, auth.token_of(request, settings))
    return auth.give(RedirectResponse(auth.inside(wanted), HTTPStatus.SEE_OTHER), token, settings)


def _page(
    request: Request, wanted: str, email: str = "", failure: str | None = None, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    code = auth.spoken(request)
    return pages.render("login.html", status, code=code, wanted=auth.inside(wanted), email=email, failure=failure)


def _ask_code(
    request: Request,
    pending: str,
    wanted: str,
    failure: errors.GatepostError | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    told = str(failure) if failure else None
    code = auth.spoken(request)
    return pages.render("code.html", status, code=code, wanted=auth.inside(wanted), pending=pending, failure=told)
