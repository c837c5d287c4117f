"""Logging in and out, and who is logged in."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from service.console import language, pages, preferences
from service.console.language import N_
from service.console.preferences import Preferences
from service.core import claims, errors, moderators, throttle
from service.core.db import Database
from service.core.models import Moderator, Role, Site, Text
from service.core.settings import Settings
from service.web import DatabaseDep, SettingsDep

router = APIRouter()

LOGIN = "/console/login"
HOME = "/console/held"
_WRONG = N_("E-mail address and password do not fit together.")
# No dots, so no way up and out; one slash first, so no other host.
_INSIDE = re.compile(r"/console(/[\w/-]*)?(\?[\w=&%~.+-]*)?", re.ASCII)


@dataclass(frozen=True)
class Visit:
    """A moderator who is logged in, the sites that are theirs, and their role at each."""

    moderator: Moderator
    csrf_token: str
    sites: Mapping[UUID, Site]
    roles: Mapping[UUID, Role]
    preferences: Preferences
    language: str

    @property
    def actor(self) -> str:
        return moderators.actor(self.moderator)

    def site_ids(self, only: UUID | None) -> list[UUID]:
        """All sites, or the one. Raises NotFoundError when that one is not theirs."""
        if only is not None and only not in self.sites:
            raise errors.NotFoundError
        return list(self.sites) if only is None else [only]

    def may(self, role: Role, site_id: UUID) -> bool:
        """Whether the moderator has this role at the site, or a higher one."""
        return site_id in self.roles and self.roles[site_id].includes(role)

    def sites_as(self, role: Role) -> list[UUID]:
        """The sites where the moderator has this role, or a higher one."""
        return [site_id for site_id in self.sites if self.may(role, site_id)]

    def require(self, role: Role, site_id: UUID) -> None:
        """Raises NotFoundError when the site is not theirs, ForbiddenError when their role there is a lower one."""
        self.site_ids(site_id)
        if not self.may(role, site_id):
            raise errors.ForbiddenError(f"At this site you are a {self.roles[site_id]}; this needs the role {role}.")


def visit(request: Request, database: DatabaseDep, settings: SettingsDep) -> Visit:
    return _visit(request, database, settings, awake=True)


def watch(request: Request, database: DatabaseDep, settings: SettingsDep) -> Visit:
    return _visit(request, database, settings, awake=False)


LoggedIn = Annotated[Visit, Depends(visit)]
# For what a page asks by itself: nobody stays logged in by leaving a page open.
Watching = Annotated[Visit, Depends(watch)]


def _visit(request: Request, database: Database, settings: Settings, *, awake: bool) -> Visit:
    token = request.cookies.get(_cookie(settings), "")
    idle, length = settings.console_session_idle, settings.console_session_length
    with database.transaction() as session:
        moderator = moderators.current(session, token, idle=idle, length=length, awake=awake)
        joined = moderators.memberships(session, moderator)
    wishes = preferences.of(moderator.preferences)
    return Visit(
        moderator,
        moderators.csrf_token(token),
        sites={site.id: site for site, _ in joined},
        roles={site.id: role for site, role in joined},
        preferences=wishes,
        language=wishes.language or spoken(request),
    )


def spoken(request: Request) -> str:
    """The language that the browser asks for."""
    return language.preferred(request.headers.get("Accept-Language", ""))


def visit_with_token(visit: LoggedIn, csrf_token: Annotated[str, Form()] = "") -> Visit:
    """Raises ForbiddenError when the form does not carry the session's token."""
    if not hmac.compare_digest(csrf_token.encode(), visit.csrf_token.encode()):
        raise errors.ForbiddenError("This form belongs to another session. Nothing has changed.")
    return visit


# For every route that changes something.
Acting = Annotated[Visit, Depends(visit_with_token)]


@router.get("/login")
def show_login(request: Request, wanted: Annotated[str, Query(alias="next")] = HOME) -> Response:
    return pages.render("login.html", code=spoken(request), wanted=inside(wanted), email="", failure=None)


@router.post("/login")
def log_in(
    request: Request,
    database: DatabaseDep,
    settings: SettingsDep,
    email: Annotated[Text, Form(max_length=320)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    wanted: Annotated[str, Form(alias="next")] = HOME,
) -> Response:
    attempt = throttle.Attempt.of(email, request.client.host if request.client else "")
    try:
        moderator = enter(database, attempt, email, password)
    except errors.ThrottledError as error:
        return _again(request, HTTPStatus.TOO_MANY_REQUESTS, wanted, email, str(error))
    if moderator is None:
        return _again(request, HTTPStatus.FORBIDDEN, wanted, email, _WRONG)
    with database.transaction() as session:
        throttle.succeed(session, attempt)
        token = moderators.log_in(session, moderator)
        # Whoever planted or knew the old token has nothing from this login.
        moderators.log_out(session, request.cookies.get(_cookie(settings), ""))
    response = RedirectResponse(inside(wanted), HTTPStatus.SEE_OTHER)
    response.set_cookie(_cookie(settings), token, path="/", secure=_is_https(settings), httponly=True, samesite="lax")
    return response


@router.post("/logout")
def log_out(request: Request, visit: Acting, database: DatabaseDep, settings: SettingsDep) -> Response:
    with database.transaction() as session:
        claims.release(session, visit.moderator.id)
        moderators.log_out(session, request.cookies.get(_cookie(settings), ""))
        response = RedirectResponse(LOGIN, HTTPStatus.SEE_OTHER)
        response.delete_cookie(_cookie(settings), path="/", secure=_is_https(settings), httponly=True, samesite="lax")
        return response


def enter(database: Database, attempt: throttle.Attempt, email: str, password: str) -> Moderator | None:
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


def _again(request: Request, status: HTTPStatus, wanted: str, email: str, failure: str) -> Response:
    return pages.render("login.html", status, code=spoken(request), wanted=inside(wanted), email=email, failure=failure)


def inside(address: str) -> str:
    """The address if it is one of the console's pages, else the queue's."""
    return address if _INSIDE.fullmatch(address) else HOME


def _cookie(settings: Settings) -> str:
    # Browsers refuse the prefix, and Secure, on a plain http:// address such as a first try on loopback.
    return "__Host-gatepost" if _is_https(settings) else "gatepost"


def _is_https(settings: Settings) -> bool:
    return settings.public_url.startswith("https://")
