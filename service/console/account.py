"""A moderator's own account: the password, the sessions, and what was done with it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from service.console import auth, browsers, pages, passwords
from service.console.auth import Acting, LoggedIn, Visit
from service.console.language import N_
from service.console.passwords import Password
from service.core import account_log, console_sessions, errors, moderators, second_factors
from service.core.account_log import Action
from service.core.db import Database
from service.core.settings import Settings
from service.web import DatabaseDep, SettingsDep

router = APIRouter(prefix="/account")

ADDRESS = "/console/account"
# The latest of the log that the pages show.
LATEST = 10
ACTIONS = {
    Action.PASSWORD_CHANGED: N_("Password changed"),
    Action.SECOND_FACTOR_ON: N_("Second factor switched on"),
    Action.SECOND_FACTOR_OFF: N_("Second factor switched off"),
    Action.SECOND_FACTOR_RESET: N_("Second factor reset"),
    Action.RECOVERY_CODES_MADE: N_("New recovery codes"),
    Action.RECOVERY_CODE_USED: N_("Recovery code used"),
    Action.SESSIONS_ENDED: N_("Logged out everywhere"),
}


@router.get("")
def show_account(
    request: Request,
    visit: LoggedIn,
    database: DatabaseDep,
    settings: SettingsDep,
    *,
    saved: Annotated[bool, Query()] = False,
) -> Response:
    return _page(request, visit, database, settings, saved=saved)


@router.post("/password")
def change_password(
    request: Request,
    visit: Acting,
    database: DatabaseDep,
    settings: SettingsDep,
    password: Password = "",
    new: Annotated[str, Form(max_length=1001)] = "",
) -> Response:
    try:
        passwords.require(request, database, visit, password)
        password_hash = moderators.hashed(new)
    except (*passwords.NOT_PROVEN, errors.InvalidPasswordError) as error:
        return _page(request, visit, database, settings, str(error))
    with database.transaction() as session:
        moderators.change_password(session, visit.moderator, password_hash)
        token = auth.begin(session, visit.moderator, request)
    return auth.give(RedirectResponse(f"{ADDRESS}?saved=1", HTTPStatus.SEE_OTHER), token, settings)


@router.post("/sessions/end-others")
def end_other_sessions(
    request: Request, visit: Acting, database: DatabaseDep, settings: SettingsDep, password: Password = ""
) -> Response:
    try:
        passwords.require(request, database, visit, password)
    except passwords.NOT_PROVEN as error:
        return _page(request, visit, database, settings, str(error))
    with database.transaction() as session:
        console_sessions.end_all(session, visit.moderator.id, but=auth.token_of(request, settings))
        account_log.record(session, visit.moderator.id, Action.SESSIONS_ENDED, visit.actor)
    return RedirectResponse(ADDRESS, HTTPStatus.SEE_OTHER)


@router.post("/sessions/{token_hash}/end")
def end_session(
    request: Request,
    visit: Acting,
    database: DatabaseDep,
    settings: SettingsDep,
    token_hash: str,
    password: Password = "",
) -> Response:
    try:
        passwords.require(request, database, visit, password)
    except passwords.NOT_PROVEN as error:
        return _page(request, visit, database, settings, str(error))
    with database.transaction() as session:
        console_sessions.end_one(session, visit.moderator.id, token_hash)
    return RedirectResponse(ADDRESS, HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    visit: Visit,
    database: Database,
    settings: Settings,
    failure: str | None = None,
    *,
    saved: bool = False,
) -> Response:
    with database.reading() as session:
        rows = console_sessions.listed(session, visit.moderator.id, auth.lifetime(settings))
        entries = account_log.latest(session, [visit.moderator.id], LATEST)
        names = moderators.names_of(session, {entry.actor for entry in entries})
        factor_is_on = second_factors.is_on(session, visit.moderator.id)
    status = HTTPStatus.FORBIDDEN if failure else HTTPStatus.OK
    return pages.show(
        visit,
        "account.html",
        status,
        at=ADDRESS,
        sessions=[(row, *browsers.named(row.user_agent)) for row in rows],
        this=console_sessions.hash_of(auth.token_of(request, settings)),
        log=entries,
        names=names,
        actions=ACTIONS,
        factor_is_on=factor_is_on,
        failure=failure,
        saved=saved,
    )
