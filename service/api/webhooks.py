"""A site's webhook endpoints, and every attempt to reach them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from service.api import problems
from service.api.bodies import IJsonRoute
from service.api.deps import Admin
from service.core import webhooks
from service.core.models import Delivery, Endpoint
from service.web import DatabaseDep, SettingsDep

router = APIRouter(
    prefix="/v1", tags=["webhooks"], route_class=IJsonRoute, responses=problems.responses(401, 403, 422, 503)
)


class EndpointIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str = Field(max_length=2000, examples=["https://blog.example.org/hooks/gatepost"])


class EndpointOut(BaseModel):
    id: UUID
    url: str = Field(examples=["https://blog.example.org/hooks/gatepost"])
    created_at: datetime
    disabled_at: datetime | None = Field(description="Since when nothing is sent to it; null while it works.")
    disabled_reason: str | None


class EndpointWithSecret(EndpointOut):
    secret: str = Field(description="`whsec_…`, for the receiver. Shown here only.")


class Pinged(BaseModel):
    event_id: UUID = Field(description="The webhook-id of the test; look its attempts up in the deliveries.")


class DeliveryOut(BaseModel):
    """One attempt."""

    id: UUID
    event_id: UUID
    endpoint_id: UUID
    attempt: int = Field(description="Counts from 1.", examples=[1])
    at: datetime
    duration_ms: int
    status_code: int | None = Field(description="Null when no answer came; `error` says why.")
    error: str | None = Field(examples=[None])
    response: str | None = Field(description="The beginning of the receiver's answer.")
    next_attempt_at: datetime | None = Field(description="Null after the last.")


class DeliveryPage(BaseModel):
    deliveries: list[DeliveryOut]
    next: UUID | None


@router.post("/webhooks", status_code=201, responses=problems.responses(413))
def create_endpoint(
    site: Admin, database: DatabaseDep, settings: SettingsDep, endpoint: EndpointIn
) -> EndpointWithSecret:
    """Have the site's events posted to a URL."""
    with database.transaction() as session:
        return _with_secret(
            webhooks.create(session, site.id, endpoint.url, allow_private=settings.webhook_allow_private)
        )


@router.get("/webhooks")
def list_endpoints(site: Admin, database: DatabaseDep) -> list[EndpointOut]:
    """The site's endpoints, without their secrets."""
    with database.reading() as session:
        return [_out(endpoint) for endpoint in webhooks.endpoints(session, site.id)]


@router.delete("/webhooks/{endpoint_id}", status_code=204, responses=problems.responses(404))
def delete_endpoint(site: Admin, database: DatabaseDep, endpoint_id: UUID) -> None:
    """Remove the endpoint with its log; what it was still owed is dropped."""
    with database.transaction() as session:
        session.delete(webhooks.get(session, site.id, endpoint_id))


@router.post("/webhooks/{endpoint_id}/rotate", responses=problems.responses(404))
def rotate_secret(site: Admin, database: DatabaseDep, endpoint_id: UUID) -> EndpointWithSecret:
    """Make a new secret. For 24 hours the old one signs as well, so that the receiver can change over at leisure."""
    with database.transaction() as session:
        endpoint = webhooks.get(session, site.id, endpoint_id)
        webhooks.rotate(session, endpoint)
        return _with_secret(endpoint)


@router.post("/webhooks/{endpoint_id}/enable", responses=problems.responses(404))
def enable_endpoint(site: Admin, database: DatabaseDep, endpoint_id: UUID) -> EndpointOut:
    """Send to an endpoint again that was disabled."""
    with database.transaction() as session:
        endpoint = webhooks.get(session, site.id, endpoint_id)
        webhooks.enable(session, endpoint)
        return _out(endpoint)


@router.post("/webhooks/{endpoint_id}/ping", status_code=202, responses=problems.responses(404, 409))
def ping_endpoint(site: Admin, database: DatabaseDep, endpoint_id: UUID) -> Pinged:
    """Send a test event."""
    with database.transaction() as session:
        return Pinged(event_id=webhooks.ping(session, webhooks.get(session, site.id, endpoint_id)).id)


@router.get("/deliveries")
def list_deliveries(
    site: Admin,
    database: DatabaseDep,
    event_id: UUID | None = None,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryPage:
    """Every attempt to reach the site's endpoints, newest first."""
    with database.reading() as session:
        found = webhooks.deliveries(session, site.id, event_id=event_id, after=after, limit=limit + 1)
        page = found[:limit]
        return DeliveryPage(
            deliveries=[_delivery(row) for row in page], next=page[-1].id if len(found) > limit else None
        )


@router.post("/deliveries/{delivery_id}/redeliver", status_code=202, responses=problems.responses(404, 409))
def redeliver(site: Admin, database: DatabaseDep, delivery_id: UUID) -> DeliveryOut:
    """Send the event of this attempt once more: the same id and the same body."""
    with database.transaction() as session:
        return _delivery(webhooks.redeliver(session, site.id, delivery_id))


def _out(endpoint: Endpoint) -> EndpointOut:
    return EndpointOut(**endpoint.model_dump())


def _with_secret(endpoint: Endpoint) -> EndpointWithSecret:
    return EndpointWithSecret(**endpoint.model_dump())


def _delivery(delivery: Delivery) -> DeliveryOut:
    return DeliveryOut(**delivery.model_dump())
