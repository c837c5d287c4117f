"""A site's keys: made, shown once, revoked."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from service.console.administration import Administered, Changing, Looking
from service.console.place import PlaceDep
from service.core import keys
from service.core.db import Database
from service.core.models import Scope, Text
from service.web import DatabaseDep

router = APIRouter(prefix="/sites/{site_id}/keys")


@router.get("")
def show_keys(admin: Looking, database: DatabaseDep) -> Response:
    return _page(admin, database)


@router.post("")
def create_key(
    admin: Changing,
    database: DatabaseDep,
    scope: Annotated[Scope, Form()] = Scope.SUBMIT,
    name: Annotated[Text, Form(max_length=200)] = "",
) -> Response:
    with database.transaction() as session:
        bearer = keys.issue(session, admin.site.id, scope, name.strip())
    # Not by a redirect: the key would stand in an address.
    return _page(admin, database, bearer)


@router.post("/{key_id}/revoke")
def revoke_key(admin: Changing, database: DatabaseDep, place: PlaceDep, key_id: str) -> Response:
    with database.transaction() as session:
        keys.revoke(session, key_id, admin.site.id)
    return place.back()


def _page(admin: Administered, database: Database, bearer: str | None = None) -> Response:
    with database.reading() as session:
        found = keys.listed(session, admin.site.id)
        live = {key.id for key in found if keys.is_live(session, key)}
    return admin.show("/keys", "site_keys.html", keys=found, live=live, scopes=list(Scope), bearer=bearer)
