"""The pages in the bar. A new page: a line here, a router in `routes.py`, a template that extends `console.html`."""

from typing import NamedTuple

from service.console.language import N_
from service.core.models import Role


class Entry(NamedTuple):
    words: str
    address: str
    # The lowest role, at any site, that is shown it.
    role: Role = Role.VIEWER


QUEUE = Entry(N_("Queue"), "/console/held")
INSIGHTS = Entry(N_("Insights"), "/console/insights", Role.MODERATOR)
THRESHOLDS = Entry(N_("Thresholds"), "/console/thresholds", Role.MODERATOR)
AUDIT = Entry(N_("Audit log"), "/console/audit", Role.MODERATOR)
ADMINISTRATION = Entry(N_("Administration"), "/console/sites", Role.ADMIN)
PREFERENCES = Entry(N_("Preferences"), "/console/preferences")

BAR = (QUEUE, INSIGHTS, THRESHOLDS, AUDIT, ADMINISTRATION, PREFERENCES)
