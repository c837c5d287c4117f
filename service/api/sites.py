"""The site that a key belongs to, and its policy."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.api import problems
from service.api.bodies import IJsonRoute
from service.api.deps import Admin, Reader
from service.core import sites
from service.core.policy import DEFAULT_THRESHOLDS, Label, Policy
from service.web import DatabaseDep

router = APIRouter(
    prefix="/v1/site", tags=["site"], route_class=IJsonRoute, responses=problems.responses(401, 403, 503)
)


class SiteOut(BaseModel):
    id: UUID
    name: str
    created_at: datetime


class PolicyOut(BaseModel):
    version: int
    policy: Policy = Field(description="The site's own rules.")
    thresholds: dict[Label, float] = Field(description="What holds, defaults included.")


@router.get("")
def get_site(site: Reader) -> SiteOut:
    """The site that the key belongs to."""
    return SiteOut(**site.model_dump())


@router.get("/policy")
def get_policy(site: Reader, database: DatabaseDep) -> PolicyOut:
    """The rules that hold now."""
    with database.reading() as session:
        version, policy = sites.live_policies(session, {site.id})[site.id]
        return _out(version, policy)


@router.put("/policy", responses=problems.responses(413, 422))
def put_policy(site: Admin, database: DatabaseDep, policy: Policy) -> PolicyOut:
    """Replace the site's rules by a new version. Comments that are decided from now on follow it."""
    with database.transaction() as session:
        row = sites.put_policy(session, site.id, policy, actor="site")
        return _out(row.version, policy)


def _out(version: int, policy: Policy) -> PolicyOut:
    return PolicyOut(version=version, policy=policy, thresholds={**DEFAULT_THRESHOLDS, **policy.thresholds})
