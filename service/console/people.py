"""Who works on a site, in which role, and who is invited to."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Response
from sqlmodel import Session

from service.console.account import ACTIONS, LATEST
from service.console.administration import Administered, Changing, Looking
from service.console.place import PlaceDep
from service.core import account_log, console_sessions, errors, invitations, moderators, second_factors
from service.core.account_log import Action
from service.core.db import Database
from service.core.mail import owed
from service.core.models import Membership, Moderator, Role, Text
from service.web import DatabaseDep, SettingsDep

router = APIRouter(prefix="/sites/{site_id}")


@router.get("/people")
def show_people(admin: Looking, database: DatabaseDep) -> Response:
    return _page(admin, database)


@router.post("/people")
def invite(
    admin: Changing,
    database: DatabaseDep,
    settings: SettingsDep,
    email: Annotated[Text, Form(max_length=320, pattern="^[^@\\s]+@[^@\\s]+$")],
    role: Annotated[Role, Form()],
) -> Response:
    with database.transaction() as session:
        token = invitations.invite(session, admin.site.id, email, role, admin.visit.actor)
        if settings.smtp_url:
            owed.owe_invitation(session, admin.site.id, token, admin.visit.language)
    link = f"{settings.public_url}/console/join?{urlencode({'token': token})}"
    return _page(admin, database, link, mailed=settings.smtp_url is not None)


@router.post("/invitations/{token_hash}/withdraw")
def withdraw(admin: Changing, database: DatabaseDep, place: PlaceDep, token_hash: str) -> Response:
    with database.transaction() as session:
        invitations.withdraw(session, admin.site.id, token_hash)
    return place.back()


@router.post("/people/{moderator_id}/role")
def change_role(
    admin: Changing, database: DatabaseDep, place: PlaceDep, moderator_id: UUID, role: Annotated[Role, Form()]
) -> Response:
    with database.transaction() as session:
        moderator = _other(admin, session.get(Moderator, moderator_id))
        # Only a member's role is changed: whoever is none is invited.
        moderators.leave(session, moderator, admin.site.id)
        session.flush()
        moderators.join(session, moderator, admin.site.id, role)
    return place.back(saved=1)


@router.post("/people/{moderator_id}/remove")
def remove(admin: Changing, database: DatabaseDep, place: PlaceDep, moderator_id: UUID) -> Response:
    with database.transaction() as session:
        moderators.leave(session, _other(admin, session.get(Moderator, moderator_id)), admin.site.id)
    return place.back()


@router.post("/people/{moderator_id}/second-factor/reset")
def reset_second_factor(admin: Changing, database: DatabaseDep, place: PlaceDep, moderator_id: UUID) -> Response:
    with database.transaction() as session:
        moderator = _member(admin, session, moderator_id)
        if not moderators.administered_by(session, admin.visit.sites_as(Role.ADMIN), [moderator.id]):
            raise errors.ForbiddenError("They work at sites that are not yours too: the operator can reset it.")
        second_factors.reset(session, moderator, admin.visit.actor)
    return place.back()


@router.post("/people/{moderator_id}/sessions/end")
def end_sessions(admin: Changing, database: DatabaseDep, place: PlaceDep, moderator_id: UUID) -> Response:
    with database.transaction() as session:
        moderator = _member(admin, session, moderator_id)
        console_sessions.end_all(session, moderator.id)
        account_log.record(session, moderator.id, Action.SESSIONS_ENDED, admin.visit.actor)
    return place.back()


def _member(admin: Administered, session: Session, moderator_id: UUID) -> Moderator:
    """Raises as `_other` does, and NotFoundError for whoever has no place at the site."""
    moderator = _other(admin, session.get(Moderator, moderator_id))
    if session.get(Membership, (moderator.id, admin.site.id)) is None:
        raise errors.NotFoundError("There is no such moderator at this site.")
    return moderator


def _other(admin: Administered, moderator: Moderator | None) -> Moderator:
    """Raises NotFoundError; ConflictError for the admin's own place, so that each site keeps one."""
    if moderator is None:
        raise errors.NotFoundError("There is no such moderator at this site.")
    if moderator.id == admin.visit.moderator.id:
        raise errors.ConflictError("Your own place and account are another admin's to change.")
    return moderator


def _page(admin: Administered, database: Database, link: str | None = None, *, mailed: bool = False) -> Response:
    with database.reading() as session:
        members = moderators.members(session, admin.site.id)
        ids = [moderator.id for moderator, _ in members]
        log = account_log.latest(session, ids, LATEST)
        context = {
            "members": members,
            "invited": invitations.listed(session, admin.site.id),
            "secured": second_factors.having(session, ids),
            "ours": moderators.administered_by(session, admin.visit.sites_as(Role.ADMIN), ids),
            "log": log,
            "whose": {moderator.id: moderator.name for moderator, _ in members},
            "names": moderators.names_of(session, {entry.actor for entry in log}),
        }
    told = {"link": link, "mailed": mailed}
    return admin.show("/people", "site_people.html", roles=list(Role), actions=ACTIONS, **told, **context)
