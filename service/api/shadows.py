"""A site's shadow: a policy or an engine that decides silently beside the live one, and its report."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from service.api import problems
from service.api.bodies import IJsonRoute
from service.api.deps import Admin, Reader
from service.core import errors, shadows
from service.core.models import Shadow, Text
from service.core.policy import Policy
from service.core.shadows import Report
from service.web import DatabaseDep

router = APIRouter(
    prefix="/v1/site/shadow",
    tags=["site"],
    route_class=IJsonRoute,
    responses=problems.responses(401, 403, 503),
)


class ShadowIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text, Field(min_length=1, max_length=100)] = Field(description="What you call the trial.")
    policy: Policy | None = Field(None, description="The rules on trial; not given: the live ones.")
    engine: Annotated[Text, Field(max_length=100)] | None = Field(
        None, description="`GATEPOST_SHADOW_ENGINE`, to put that engine on trial; not given: the live scores."
    )


class ShadowOut(BaseModel):
    name: str
    policy: dict[str, Any] | None = Field(description="Its rules as stored; null: the live ones.")
    engine: str | None
    created_at: datetime


@router.get("", responses=problems.responses(404))
def get_shadow(site: Reader, database: DatabaseDep) -> ShadowOut:
    """What is on trial."""
    with database.reading() as session:
        return _out(shadows.get(session, site.id))


@router.put("", responses=problems.responses(413, 422))
def put_shadow(site: Admin, database: DatabaseDep, request: Request, shadow: ShadowIn) -> ShadowOut:
    """Put a policy, an engine or both on trial. A trial that runs ends, and its report goes."""
    if shadow.policy is None and shadow.engine is None:
        raise errors.InvalidShadowError
    loaded = request.app.state.settings.shadow_engine
    if shadow.engine not in {None, loaded}:
        raise errors.InvalidShadowError(
            f"No such engine runs beside the live one; GATEPOST_SHADOW_ENGINE is {loaded or 'not set'}."
        )
    rules = shadow.policy.model_dump(mode="json", exclude_defaults=True) if shadow.policy is not None else None
    row = Shadow(site_id=site.id, name=shadow.name, rules=rules, engine=shadow.engine, created_by="site")
    with database.transaction() as session:
        return _out(shadows.put(session, site.id, row))


@router.delete("", status_code=204, responses=problems.responses(404))
def remove_shadow(site: Admin, database: DatabaseDep) -> None:
    """End the trial; its report goes."""
    with database.transaction() as session:
        shadows.remove(session, site.id)


@router.get("/report", responses=problems.responses(404))
def report_shadow(site: Reader, database: DatabaseDep) -> Report:
    """How far live decisions, shadow and humans agree, with 95% intervals and the newest differences."""
    with database.reading() as session:
        return shadows.report(session, shadows.get(session, site.id))


def _out(row: Shadow) -> ShadowOut:
    return ShadowOut(name=row.name, policy=row.rules, engine=row.engine, created_at=row.created_at)
