"""The list of a moderator's sites, and a new one for an admin of the installation."""

from typing import Annotated

from fastapi import APIRouter, Form, Response
from sqlmodel import Session

from service.console import pages, site_keys
from service.console.administration import Administered
from service.console.auth import Acting, LoggedIn, Visit
from service.core import errors, keys, moderators, sites
from service.core.models import Role, Scope, Text
from service.web import DatabaseDep, SettingsDep

router = APIRouter()


@router.get("/sites")
def list_sites(visit: LoggedIn, database: DatabaseDep) -> Response:
    mine = [visit.sites[site_id] for site_id in visit.sites_as(Role.ADMIN)]
    with database.reading() as session:
        return pages.show(visit, "sites.html", mine=mine, may_create=_may_create(session, visit))


@router.post("/sites")
def create_site(
    visit: Acting, database: DatabaseDep, settings: SettingsDep, name: Annotated[Text, Form(max_length=200)] = ""
) -> Response:
    with database.transaction() as session:
        if not _may_create(session, visit):
            raise errors.ForbiddenError("Only who is an admin at every site makes another one.")
        if not name.strip():
            raise errors.ConflictError("A site needs a name.")
        admins = moderators.admins_everywhere(session)
        site = sites.create(session, name.strip())
        # They stay admins of the installation.
        for admin in admins:
            moderators.join(session, admin, site.id, Role.ADMIN)
        bearer = keys.issue(session, site.id, Scope.SUBMIT, "first key")
    return site_keys.page(Administered(visit, site), database, settings, bearer=bearer, first=bearer)


def _may_create(session: Session, visit: Visit) -> bool:
    return visit.moderator.id in {admin.id for admin in moderators.admins_everywhere(session)}
