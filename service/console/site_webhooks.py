"""A site's webhook endpoints and what was sent to them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from service.console.administration import Administered, Changing, Looking
from service.console.place import PlaceDep
from service.core import signing_keys, webhooks
from service.core.db import Database
from service.core.models import Endpoint, Text
from service.core.signing import Scheme
from service.core.webhooks import DeliveryFilter
from service.web import DatabaseDep, SettingsDep

router = APIRouter(prefix="/sites/{site_id}")

PAGE_SIZE = 30
Failed = Annotated[bool, Query()]
After = Annotated[UUID | None, Query()]


@router.get("/webhooks")
def show_webhooks(admin: Looking, database: DatabaseDep, *, failed: Failed = False, after: After = None) -> Response:
    return _page(admin, database, failed=failed, after=after)


@router.post("/webhooks")
def create_endpoint(
    admin: Changing,
    database: DatabaseDep,
    settings: SettingsDep,
    url: Annotated[Text, Form(max_length=2000)],
    scheme: Annotated[Scheme, Form()] = Scheme.V1,
) -> Response:
    with database.transaction() as session:
        private = settings.webhook_allow_private
        endpoint = webhooks.create(session, admin.site.id, url, allow_private=private, schemes=[scheme])
    return _page(admin, database, made=endpoint)


@router.post("/webhooks/{endpoint_id}/rotate")
def rotate(admin: Changing, database: DatabaseDep, endpoint_id: UUID) -> Response:
    with database.transaction() as session:
        endpoint = webhooks.get(session, admin.site.id, endpoint_id)
        signing_keys.rotate(session, endpoint)
    return _page(admin, database, made=endpoint)


@router.post("/webhooks/{endpoint_id}/ping")
def ping(admin: Changing, database: DatabaseDep, place: PlaceDep, endpoint_id: UUID) -> Response:
    with database.transaction() as session:
        webhooks.ping(session, webhooks.get(session, admin.site.id, endpoint_id))
    return place.back()


@router.post("/webhooks/{endpoint_id}/enable")
def enable(admin: Changing, database: DatabaseDep, place: PlaceDep, endpoint_id: UUID) -> Response:
    with database.transaction() as session:
        webhooks.enable(session, webhooks.get(session, admin.site.id, endpoint_id))
    return place.back()


@router.post("/webhooks/{endpoint_id}/remove")
def remove(admin: Changing, database: DatabaseDep, place: PlaceDep, endpoint_id: UUID) -> Response:
    """With its log; what it was still owed is dropped."""
    with database.transaction() as session:
        session.delete(webhooks.get(session, admin.site.id, endpoint_id))
    return place.back()


@router.post("/deliveries/{delivery_id}/redeliver")
def redeliver(admin: Changing, database: DatabaseDep, place: PlaceDep, delivery_id: UUID) -> Response:
    with database.transaction() as session:
        webhooks.redeliver(session, admin.site.id, delivery_id)
    return place.back()


def _page(
    admin: Administered,
    database: Database,
    *,
    failed: bool = False,
    after: UUID | None = None,
    made: Endpoint | None = None,
) -> Response:
    """With the keys of the endpoint that was just `made`, or whose keys were: not by a redirect, and once."""
    with database.reading() as session:
        endpoints = webhooks.endpoints(session, admin.site.id)
        wanted = DeliveryFilter(succeeded=False if failed else None)
        log = webhooks.deliveries(session, admin.site.id, wanted, after=after, limit=PAGE_SIZE + 1)
        secret = signing_keys.shared_secret(session, made) if made else None
        current = signing_keys.current(session, [made.id])[made.id] if made else []
    return admin.show(
        "/webhooks",
        "site_webhooks.html",
        endpoints=endpoints,
        urls={endpoint.id: endpoint.url for endpoint in endpoints},
        log=log[:PAGE_SIZE],
        next=log[PAGE_SIZE - 1].id if len(log) > PAGE_SIZE else None,
        failed=failed,
        secrets=[secret] if secret else [key.public_key for key in current],
        schemes=list(Scheme),
    )
