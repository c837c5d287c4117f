"""The page behind an invitation: a new moderator chooses a name and a password, one who is known gives theirs."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from service.console import auth, pages, passwords
from service.console.language import N_
from service.console.passwords import Password
from service.core import errors, invitations, moderators, throttle
from service.core.db import Database
from service.core.models import Moderator, Site, Text
from service.web import DatabaseDep

router = APIRouter()

Token = Annotated[str, Query(max_length=100)]
_WRONG = N_("This is not the password of your account here.")


@router.get("/join")
def show_invitation(request: Request, database: DatabaseDep, token: Token = "") -> Response:
    return _page(request, database, token)


@router.post("/join")
def join(
    request: Request,
    database: DatabaseDep,
    token: Annotated[str, Form(max_length=100)] = "",
    name: Annotated[Text, Form(max_length=200)] = "",
    password: Password = "",
) -> Response:
    with database.reading() as session:
        email = invitations.find(session, token).email
        known = moderators.find(session, email)
    try:
        if known:
            attempt = throttle.Attempt.of(email, auth.address(request))
            known = passwords.enter(database, attempt, email, password)
            if known is None:
                return _page(request, database, token, _WRONG)
        with database.transaction() as session:
            invitations.accept(session, token, known or _new(session, email, name, password))
    except (errors.InvalidPasswordError, errors.ThrottledError) as error:
        return _page(request, database, token, str(error), name)
    return RedirectResponse(auth.LOGIN, HTTPStatus.SEE_OTHER)


def _new(session: Session, email: str, name: str, password: str) -> Moderator:
    return moderators.create(session, email, name.strip() or email.partition("@")[0], password)


def _page(request: Request, database: Database, token: str, failure: str | None = None, name: str = "") -> Response:
    """Raises NotFoundError."""
    with database.reading() as session:
        invitation = invitations.find(session, token)
        site = session.get_one(Site, invitation.site_id)
        known = moderators.find(session, invitation.email) is not None
    status = HTTPStatus.FORBIDDEN if failure else HTTPStatus.OK
    code = auth.spoken(request)
    return pages.render(
        "join.html", status, code=code, invitation=invitation, site=site, known=known, token=token, failure=failure,
        name=name,
    )  # fmt: skip
