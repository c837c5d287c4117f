"""Who is logged in, and what every page asks of them first."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form, Request, Response
from sqlmodel import Session

from service.console import language, preferences
from service.console.preferences import Preferences
from service.core import console_sessions, errors, moderators, second_factors
from service.core.console_sessions import Lifetime, Origin
from service.core.db import Database
from service.core.models import Moderator, Role, Site
from service.core.settings import Settings
from service.web import DatabaseDep, SettingsDep

LOGIN = "/console/login"
HOME = "/console/held"
SECOND_FACTOR = "/console/account/second-factor"
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
    # A second factor is asked of them, and they have none: nothing but its page is open.
    confined: bool = False

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


def confined_visit(request: Request, database: DatabaseDep, settings: SettingsDep) -> Visit:
    return _visit(request, database, settings, awake=True)


# For the pages that set the second factor up, and for logging out.
Confined = Annotated[Visit, Depends(confined_visit)]


def visit(visit: Confined) -> Visit:
    """Raises SecondFactorNeededError."""
    return _free(visit)


def watch(request: Request, database: DatabaseDep, settings: SettingsDep) -> Visit:
    """Raises SecondFactorNeededError."""
    return _free(_visit(request, database, settings, awake=False))


LoggedIn = Annotated[Visit, Depends(visit)]
# For what a page asks by itself: nobody stays logged in by leaving a page open.
Watching = Annotated[Visit, Depends(watch)]


def _free(visit: Visit) -> Visit:
    if visit.confined:
        raise errors.SecondFactorNeededError
    return visit


def _visit(request: Request, database: Database, settings: Settings, *, awake: bool) -> Visit:
    token = token_of(request, settings)
    with database.transaction() as session:
        moderator = console_sessions.current(session, token, lifetime(settings), awake=awake)
        joined = moderators.memberships(session, moderator)
        roles = {site.id: role for site, role in joined}
        confined = second_factors.is_demanded(settings, roles.values()) and not second_factors.is_on(
            session, moderator.id
        )
    wishes = preferences.of(moderator.preferences)
    return Visit(
        moderator,
        console_sessions.csrf_token(token),
        sites={site.id: site for site, _ in joined},
        roles=roles,
        preferences=wishes,
        language=wishes.language or spoken(request),
        confined=confined,
    )


def spoken(request: Request) -> str:
    """The language that the browser asks for."""
    return language.preferred(request.headers.get("Accept-Language", ""))


def confined_visit_with_token(visit: Confined, csrf_token: Annotated[str, Form()] = "") -> Visit:
    """Raises ForbiddenError when the form does not carry the session's token."""
    if not hmac.compare_digest(csrf_token.encode(), visit.csrf_token.encode()):
        raise errors.ForbiddenError("This form belongs to another session. Nothing has changed.")
    return visit


ConfinedActing = Annotated[Visit, Depends(confined_visit_with_token)]


def visit_with_token(visit: ConfinedActing) -> Visit:
    """Raises ForbiddenError and SecondFactorNeededError."""
    return _free(visit)


# For every route that changes something.
Acting = Annotated[Visit, Depends(visit_with_token)]


def address(request: Request) -> str:
    """Where the browser is, as far as the proxy tells."""
    return request.client.host if request.client else ""


def lifetime(settings: Settings) -> Lifetime:
    return Lifetime(settings.console_session_idle, settings.console_session_length)


def begin(session: Session, moderator: Moderator, request: Request) -> str:
    """The token of a new session of this browser's."""
    origin = Origin.of(request.headers.get("User-Agent", ""), address(request))
    return console_sessions.begin(session, moderator, origin)


def token_of(request: Request, settings: Settings) -> str:
    return request.cookies.get(_cookie(settings), "")


def give(response: Response, token: str, settings: Settings) -> Response:
    """With the cookie that holds the session."""
    response.set_cookie(_cookie(settings), token, path="/", secure=_is_https(settings), httponly=True, samesite="lax")
    return response


def take(response: Response, settings: Settings) -> Response:
    """Without it."""
    response.delete_cookie(_cookie(settings), path="/", secure=_is_https(settings), httponly=True, samesite="lax")
    return response


def inside(address: str) -> str:
    """The address if it is one of the console's pages, else the queue's."""
    return address if _INSIDE.fullmatch(address) else HOME


def _cookie(settings: Settings) -> str:
    # Browsers refuse the prefix, and Secure, on a plain http:// address such as a first try on loopback.
    return "__Host-gatepost" if _is_https(settings) else "gatepost"


def _is_https(settings: Settings) -> bool:
    return settings.public_url.startswith("https://")
