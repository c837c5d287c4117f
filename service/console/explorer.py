"""The threshold explorer: what another one would have held of the site's own history; it is saved, or put on trial."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Response
from pydantic import BaseModel, Field

from service.console import pages
from service.console.auth import Acting, LoggedIn, Visit
from service.console.filters import Given
from service.console.place import PlaceDep
from service.console.words import LABEL_WORDS
from service.core import errors, explorer, shadows, sites
from service.core.models import Role, Shadow
from service.core.policy import Label, Policy
from service.web import DatabaseDep

router = APIRouter()


# In hundredths, as the slider has it.
Hundredths = Annotated[int, Field(ge=1, le=explorer.STEPS)]


class Asked(BaseModel):
    site: Annotated[UUID | None, Given] = None
    label: Label = "toxicity"
    # Not given: the live one.
    at: Annotated[Hundredths | None, Given] = None

    def site_id(self, visit: Visit) -> UUID:
        """The site that is asked for, or the first. Raises NotFoundError and ForbiddenError."""
        mine = visit.sites_as(Role.MODERATOR)
        chosen = self.site or (mine[0] if mine else None)
        if chosen is None:
            raise errors.ForbiddenError("You are a moderator at none of your sites.")
        visit.require(Role.MODERATOR, chosen)
        return chosen


@dataclass(frozen=True)
class Chosen:
    """A threshold, as both forms send it."""

    label: Annotated[Label, Form()]
    at: Annotated[Hundredths, Form()]

    def put_into(self, policy: Policy) -> Policy:
        return policy.model_copy(update={"thresholds": {**policy.thresholds, self.label: self.at / explorer.STEPS}})


ChosenDep = Annotated[Chosen, Depends()]


@router.get("/thresholds")
def show_thresholds(visit: LoggedIn, database: DatabaseDep, asked: Annotated[Asked, Query()]) -> Response:
    site_id = asked.site_id(visit)
    with database.reading() as session:
        history = explorer.look_back(session, site_id, asked.label)
        row = sites.policy_version(session, site_id)
        running = shadows.live(session, {site_id}).get(site_id)
    live = sites.read(row).threshold(asked.label)
    chosen = asked.at / explorer.STEPS if asked.at else live
    return pages.show(
        visit,
        "thresholds.html",
        asked=asked,
        site_id=site_id,
        labels=LABEL_WORDS,
        history=history,
        version=row.version,
        live=live,
        chosen=chosen,
        running=running,
    )


@router.post("/sites/{site_id}/threshold")
def save_threshold(visit: Acting, database: DatabaseDep, place: PlaceDep, site_id: UUID, chosen: ChosenDep) -> Response:
    """As the next version of the site's rules."""
    visit.require(Role.ADMIN, site_id)
    with database.transaction() as session:
        sites.amend_policy(session, site_id, chosen.put_into, visit.actor)
    return place.back(saved=1)


@router.post("/sites/{site_id}/shadow")
def try_threshold(visit: Acting, database: DatabaseDep, place: PlaceDep, site_id: UUID, chosen: ChosenDep) -> Response:
    """Beside the live rules, without effect; a trial that runs ends."""
    visit.require(Role.ADMIN, site_id)
    with database.transaction() as session:
        rules = chosen.put_into(sites.live_policy(session, site_id)[1])
        trial = Shadow(
            site_id=site_id,
            name=f"{chosen.label} {chosen.at} %",
            rules=rules.model_dump(mode="json", exclude_defaults=True),
            created_by=visit.actor,
        )
        shadows.put(session, site_id, trial)
    return place.back(saved=1)
