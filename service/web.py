"""What every door's routes can ask for: the settings and the database by type, and whose key it is.

A route opens its transaction itself, and closes it before it returns. As a dependency, a transaction would hold its
connection while the request waits for a thread of the pool, and requests that wait for a connection would hold those.
"""

import threading
from typing import Annotated

from fastapi import Depends, Request

from service.core import admission
from service.core.admission import Entry
from service.core.db import Database
from service.core.models import Scope, Site
from service.core.settings import Settings

# The process is about to end: who waits for something is answered with what there is.
closing = threading.Event()


async def database(request: Request) -> Database:
    found: Database = request.app.state.database
    return found


async def settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


DatabaseDep = Annotated[Database, Depends(database)]
SettingsDep = Annotated[Settings, Depends(settings)]


def holder(request: Request, bearer: str, needed: Scope) -> Site:
    """The site that the key opens. Raises as `keys.authenticate` does, and QuotaError when it has no request left."""
    state = request.app.state
    entry = Entry(bearer)
    admission.admit(state.database, state.quotas, [entry], needed)
    # `api.quotas` tells it with the answer, whatever that is.
    if entry.quota:
        request.state.quota = entry.quota
    return entry.site
