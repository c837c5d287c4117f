"""How often a moderator wants to hear by mail what is held, for each of their sites."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Response
from sqlmodel import Session

from service.console.auth import Acting, Visit
from service.console.language import N_
from service.console.place import PlaceDep
from service.core import errors
from service.core.mail import digests, owed
from service.core.models import Frequency, Role
from service.web import DatabaseDep

router = APIRouter(prefix="/mail")

WORDS = {"": N_("never"), Frequency.HOURLY: N_("every hour"), Frequency.DAILY: N_("every day")}


def shown(session: Session, visit: Visit) -> dict[str, Any]:
    """What the page of preferences shows of them."""
    mine = [visit.sites[site_id] for site_id in visit.sites_as(Role.MODERATOR)]
    chosen = digests.chosen(session, visit.moderator.id)
    return {"digest_sites": mine, "digests": chosen, "frequencies": WORDS, "mail_trouble": owed.trouble(session)}


@router.post("/digests")
def choose(
    visit: Acting,
    database: DatabaseDep,
    place: PlaceDep,
    # `SITE:hourly`; `SITE:` for never.
    wishes: Annotated[list[str], Form(alias="wish")] = [],  # noqa: B006 - FastAPI's own, never changed
) -> Response:
    """Raises NotFoundError and ForbiddenError."""
    chosen = [_read(visit, wish) for wish in wishes]
    with database.transaction() as session:
        for site_id, frequency in chosen:
            digests.choose(session, visit.moderator.id, site_id, frequency)
    return place.back(saved=1)


def _read(visit: Visit, wish: str) -> tuple[UUID, Frequency | None]:
    site, _, frequency = wish.partition(":")
    try:
        known = UUID(site), Frequency(frequency) if frequency else None
    except ValueError:
        raise errors.NotFoundError from None
    visit.require(Role.MODERATOR, known[0])
    return known
