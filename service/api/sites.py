"""The site that a key belongs to, and its policy in all its versions."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from service.api import problems
from service.api.bodies import IJsonRoute
from service.api.deps import Admin, Reader
from service.core import differences, sites
from service.core.differences import Difference
from service.core.models import PolicyVersion
from service.core.policy import DEFAULT_THRESHOLDS, Label, Policy, UnreadablePolicy
from service.web import DatabaseDep

router = APIRouter(
    prefix="/v1/site", tags=["site"], route_class=IJsonRoute, responses=problems.responses(401, 403, 503)
)

_LARGEST = 2**31 - 1  # what PostgreSQL's integer holds
Version = Annotated[int, Field(ge=1, le=_LARGEST)]


class SiteOut(BaseModel):
    id: UUID
    name: str
    created_at: datetime


class PolicyOut(BaseModel):
    version: int
    policy: Policy = Field(description="The site's own rules.")
    thresholds: dict[Label, float] = Field(description="What holds, defaults included.")
    readable: bool = Field(
        True, description="False: the stored rules do not fit this Gatepost. Everything is held until you save anew."
    )


class PolicyVersionOut(BaseModel):
    version: int
    created_at: datetime
    created_by: str
    rules: dict[str, Any] = Field(description="What differs from the defaults, as stored.", examples=[{"max_links": 0}])


class PolicyVersions(BaseModel):
    versions: list[PolicyVersionOut]
    next: int | None = Field(description="Ask again with `before` set to it; null on the last page.")


class PolicyDiff(BaseModel):
    before: int = Field(description="The version that is compared.")
    after: int = Field(description="The version that it is compared with.")
    changes: list[Difference]


@router.get("")
def get_site(site: Reader) -> SiteOut:
    """The site that the key belongs to."""
    return SiteOut(**site.model_dump())


@router.get("/policy")
def get_policy(site: Reader, database: DatabaseDep) -> PolicyOut:
    """The rules that hold now."""
    with database.reading() as session:
        return _out(sites.policy_version(session, site.id))


@router.put("/policy", responses=problems.responses(413, 422))
def put_policy(site: Admin, database: DatabaseDep, policy: Policy) -> PolicyOut:
    """Replace the site's rules by a new version. Comments that are decided from now on follow it."""
    with database.transaction() as session:
        return _out(sites.put_policy(session, site.id, policy, actor="site"))


@router.get("/policy/versions", responses=problems.responses(422))
def list_policies(
    site: Reader,
    database: DatabaseDep,
    before: Annotated[Version | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PolicyVersions:
    """Every version of the site's rules, newest first."""
    with database.reading() as session:
        found = sites.policy_versions(session, site.id, before, limit + 1)
        page = found[:limit]
        return PolicyVersions(
            versions=[_version_out(row) for row in page], next=page[-1].version if len(found) > limit else None
        )


@router.get("/policy/versions/{version}", responses=problems.responses(404, 422))
def find_policy(site: Reader, database: DatabaseDep, version: Annotated[Version, Path()]) -> PolicyVersionOut:
    """One version of the rules: every verdict names the version that it followed."""
    with database.reading() as session:
        return _version_out(sites.policy_version(session, site.id, version))


@router.get("/policy/diff", responses=problems.responses(404, 422))
def compare_policies(
    site: Reader,
    database: DatabaseDep,
    before: Annotated[Version, Query(description="A version.")],
    after: Annotated[Version | None, Query(description="Another version; not given: the live one.")] = None,
) -> PolicyDiff:
    """What changes from one version of the rules to another."""
    with database.reading() as session:
        old = sites.policy_version(session, site.id, before)
        new = sites.policy_version(session, site.id, after)
    return PolicyDiff(before=old.version, after=new.version, changes=differences.between(old.rules, new.rules))


def _out(row: PolicyVersion) -> PolicyOut:
    policy = sites.read(row)
    return PolicyOut(
        version=row.version,
        policy=policy,
        thresholds={**DEFAULT_THRESHOLDS, **policy.thresholds},
        readable=not isinstance(policy, UnreadablePolicy),
    )


def _version_out(row: PolicyVersion) -> PolicyVersionOut:
    return PolicyVersionOut(**row.model_dump(exclude={"site_id"}))
