"""A site's keys, for our API, for Akismet's clients and for Coral: made, shown once, revoked."""

from typing import Annotated

from fastapi import APIRouter, Form, Response

from service.console.administration import Administered, Changing, Looking
from service.console.place import PlaceDep
from service.core import akismet_keys, coral_keys, errors, keys
from service.core.db import Database
from service.core.models import HeldAsSpam, Scope, Text
from service.core.settings import Settings
from service.web import DatabaseDep, SettingsDep

router = APIRouter(prefix="/sites/{site_id}")


@router.get("/keys")
def show_keys(admin: Looking, database: DatabaseDep, settings: SettingsDep) -> Response:
    return page(admin, database, settings)


@router.post("/keys")
def create_key(
    admin: Changing,
    database: DatabaseDep,
    settings: SettingsDep,
    scope: Annotated[Scope, Form()] = Scope.SUBMIT,
    name: Annotated[Text, Form(max_length=200)] = "",
) -> Response:
    with database.transaction() as session:
        bearer = keys.issue(session, admin.site.id, scope, name.strip())
    # Not by a redirect: the key would stand in an address.
    return page(admin, database, settings, bearer=bearer)


@router.post("/akismet-keys")
def create_akismet_key(
    admin: Changing,
    database: DatabaseDep,
    settings: SettingsDep,
    blog: Annotated[Text, Form(max_length=300)] = "",
    held_as_spam: Annotated[HeldAsSpam, Form()] = HeldAsSpam.NONE,
) -> Response:
    with database.transaction() as session:
        private = settings.webhook_allow_private
        to = blog.strip() or None
        key = akismet_keys.issue(session, admin.site, blog=to, held_as_spam=held_as_spam, allow_private=private)
    return page(admin, database, settings, akismet=key)


@router.post("/coral-keys")
def create_coral_key(
    admin: Changing,
    database: DatabaseDep,
    settings: SettingsDep,
    secret: Annotated[Text, Form(max_length=200)] = "",
) -> Response:
    if not secret.strip():
        raise errors.ConflictError("A Coral key needs the secret that Coral shows.")
    with database.transaction() as session:
        key = coral_keys.create(session, admin.site.id, secret.strip())
    return page(admin, database, settings, coral=coral_keys.address(settings.public_url, key.id))


@router.post("/keys/{key_id}/revoke")
def revoke_key(admin: Changing, database: DatabaseDep, place: PlaceDep, key_id: str) -> Response:
    with database.transaction() as session:
        keys.revoke(session, key_id, admin.site.id)
    return place.back()


def page(admin: Administered, database: Database, settings: Settings, **made: str) -> Response:
    """With what was `made`, once: a `bearer`, also the `first` of a new site, an `akismet` key or `coral`'s address."""
    with database.reading() as session:
        found = keys.listed(session, admin.site.id)
        context = {
            "keys": found,
            "live": {key.id for key in found if keys.is_live(session, key)},
            "akismet_keys": {key.id: row for row, key in akismet_keys.listed(session, admin.site.id)},
            "coral_keys": coral_keys.listed(session, admin.site.id),
        }
    choices = {"scopes": list(Scope), "held_as_spam": list(HeldAsSpam)}
    return admin.show("/keys", "site_keys.html", public_url=settings.public_url, made=made, **choices, **context)
