"""What an admin does with a site: who it is, and where its pages are."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response

from service.console import pages
from service.console.auth import Acting, LoggedIn, Visit
from service.console.language import N_
from service.core.models import Role, Site

TABS = {
    "": N_("Settings"),
    "/keys": N_("API keys"),
    "/webhooks": N_("Webhooks"),
    "/rules": N_("Rules"),
    "/people": N_("People"),
}


@dataclass(frozen=True)
class Administered:
    """A site, and the admin of it who is here."""

    visit: Visit
    site: Site

    @property
    def address(self) -> str:
        return f"/console/sites/{self.site.id}"

    def show(self, tab: str, template: str, **context: Any) -> Response:
        """The site's page of this tab."""
        at = self.address + tab
        return pages.show(self.visit, template, site=self.site, tabs=TABS, tab=tab, root=self.address, at=at, **context)


def _shown(visit: LoggedIn, site_id: UUID) -> Administered:
    """Raises NotFoundError and ForbiddenError."""
    visit.require(Role.ADMIN, site_id)
    return Administered(visit, visit.sites[site_id])


def _changed(visit: Acting, site_id: UUID) -> Administered:
    """The same, for a form that carries the session's token."""
    return _shown(visit, site_id)


Looking = Annotated[Administered, Depends(_shown)]
Changing = Annotated[Administered, Depends(_changed)]
