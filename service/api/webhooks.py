"""A site's webhook endpoints, and every attempt to reach them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from service.api import problems
from service.api.bodies import IJsonRoute
from service.api.deps import Admin
from service.core import recovery as recoveries
from service.core import signing_keys, webhooks
from service.core.models import Delivery, Endpoint, SigningKey, UtcTime
from service.core.signing import Scheme
from service.core.webhooks import DeliveryFilter
from service.web import DatabaseDep, SettingsDep

router = APIRouter(
    prefix="/v1", tags=["webhooks"], route_class=IJsonRoute, responses=problems.responses(401, 403, 422, 503)
)


Schemes = Annotated[
    set[Scheme],
    Field(
        min_length=1,
        description="How webhooks are signed: `v1` with a secret that the receiver holds too (HMAC-SHA256), `v1a` with"
        " a private key that stays here (Ed25519), or both.",
        examples=[["v1"]],
    ),
]


class EndpointIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    url: str = Field(max_length=2000, examples=["https://blog.example.org/hooks/gatepost"])
    signatures: Schemes = {Scheme.V1}


class EndpointOut(BaseModel):
    id: UUID
    url: str = Field(examples=["https://blog.example.org/hooks/gatepost"])
    created_at: datetime
    signatures: list[Scheme]
    public_key: str | None = Field(description="`whpk_…`, which verifies `v1a` signatures.", examples=[None])
    disabled_at: datetime | None = Field(description="Since when nothing is sent to it; null while it works.")
    disabled_reason: str | None
    failing_since: datetime | None = Field(description="The first failure after the last success.")
    paused_until: datetime | None = Field(
        description="Nothing is sent before this: the receiver asked for less, or several attempts in a row failed."
    )


class EndpointWithSecret(EndpointOut):
    secret: str | None = Field(description="`whsec_…`, for the receiver. Shown here only; null without `v1`.")


class RotationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    signatures: Schemes | None = Field(None, description="Not given: as they are now.")
    end_old_at_once: bool = Field(
        default=False, description="For a secret that has leaked: the old one does not sign for another 24 hours."
    )


class RecoveryIn(BaseModel):
    model_config = ConfigDict(extra="forbid")
    since: UtcTime = Field(description="Events from this time on.", examples=["2026-11-24T12:00:00Z"])
    replay: bool = Field(default=False, description="Also what the endpoint has answered with 2xx before.")


class Recovered(BaseModel):
    events: int = Field(description="How many are sent again, a thousand at most.", examples=[17])
    next_since: datetime | None = Field(
        description="There are more: ask again from here. Null: these were all.", examples=[None]
    )


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
        created = webhooks.create(
            session,
            site.id,
            endpoint.url,
            allow_private=settings.webhook_allow_private,
            schemes=sorted(endpoint.signatures),
        )
        return _with_secret(session, created)


@router.get("/webhooks")
def list_endpoints(site: Admin, database: DatabaseDep) -> list[EndpointOut]:
    """The site's endpoints, without their secrets."""
    with database.reading() as session:
        found = webhooks.endpoints(session, site.id)
        keys = signing_keys.current(session, [endpoint.id for endpoint in found])
        return [EndpointOut(**_fields(endpoint, keys[endpoint.id])) for endpoint in found]


@router.delete("/webhooks/{endpoint_id}", status_code=204, responses=problems.responses(404))
def delete_endpoint(site: Admin, database: DatabaseDep, endpoint_id: UUID) -> None:
    """Remove the endpoint with its log; what it was still owed is dropped."""
    with database.transaction() as session:
        session.delete(webhooks.get(session, site.id, endpoint_id))


@router.post("/webhooks/{endpoint_id}/rotate", responses=problems.responses(404, 409, 413))
def rotate_secret(
    site: Admin, database: DatabaseDep, endpoint_id: UUID, rotation: RotationIn | None = None
) -> EndpointWithSecret:
    """Make a new secret. For 24 hours the old one signs as well, so that the receiver can change over at leisure."""
    rotation = rotation or RotationIn()
    with database.transaction() as session:
        endpoint = webhooks.get(session, site.id, endpoint_id)
        overlap = timedelta(0) if rotation.end_old_at_once else signing_keys.OVERLAP
        signing_keys.rotate(session, endpoint, rotation.signatures, overlap)
        return _with_secret(session, endpoint)


@router.post("/webhooks/{endpoint_id}/enable", responses=problems.responses(404))
def enable_endpoint(site: Admin, database: DatabaseDep, endpoint_id: UUID) -> EndpointOut:
    """Send to an endpoint again that was disabled. What it missed, `recover` sends."""
    with database.transaction() as session:
        endpoint = webhooks.get(session, site.id, endpoint_id)
        webhooks.enable(session, endpoint)
        return EndpointOut(**_fields(endpoint, signing_keys.current(session, [endpoint.id])[endpoint.id]))


@router.post("/webhooks/{endpoint_id}/recover", status_code=202, responses=problems.responses(404, 409, 413))
def recover(site: Admin, database: DatabaseDep, endpoint_id: UUID, recovery: RecoveryIn) -> Recovered:
    """Send what the endpoint has missed, while it failed or was disabled: the same ids and bodies."""
    with database.transaction() as session:
        endpoint = webhooks.get(session, site.id, endpoint_id)
        recovered = recoveries.recover(session, endpoint, recovery.since, again=recovery.replay)
        return Recovered(events=recovered.events, next_since=recovered.next_since)


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
    endpoint_id: UUID | None = None,
    *,
    succeeded: Annotated[bool | None, Query(description="false: only failed attempts; true: only 2xx.")] = None,
    after: Annotated[UUID | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DeliveryPage:
    """Every attempt to reach the site's endpoints, newest first."""
    with database.reading() as session:
        wanted = DeliveryFilter(event_id, endpoint_id, succeeded)
        found = webhooks.deliveries(session, site.id, wanted, after=after, limit=limit + 1)
        page = found[:limit]
        return DeliveryPage(
            deliveries=[_delivery(row) for row in page], next=page[-1].id if len(found) > limit else None
        )


@router.post("/deliveries/{delivery_id}/redeliver", status_code=202, responses=problems.responses(404, 409))
def redeliver(site: Admin, database: DatabaseDep, delivery_id: UUID) -> DeliveryOut:
    """Send the event of this attempt once more: the same id and the same body."""
    with database.transaction() as session:
        return _delivery(webhooks.redeliver(session, site.id, delivery_id))


def _fields(endpoint: Endpoint, keys: Sequence[SigningKey]) -> dict[str, Any]:
    public_key = next((key.public_key for key in keys if key.public_key), None)
    schemes = sorted(Scheme.V1A if key.public_key else Scheme.V1 for key in keys)
    return {**endpoint.model_dump(), "signatures": schemes, "public_key": public_key}


def _with_secret(session: Session, endpoint: Endpoint) -> EndpointWithSecret:
    keys = signing_keys.current(session, [endpoint.id])[endpoint.id]
    return EndpointWithSecret(**_fields(endpoint, keys), secret=signing_keys.shared_secret(session, endpoint))


def _delivery(delivery: Delivery) -> DeliveryOut:
    return DeliveryOut(**delivery.model_dump())
