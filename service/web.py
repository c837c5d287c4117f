"""What every door's routes can ask for: the settings and the database by type, and whose key it is.

A route opens its transaction itself, and closes it before it returns. As a dependency, a transaction would hold its
connection while the request waits for a thread of the pool, and requests that wait for a connection would hold those.
"""

import threading
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.exc import DBAPIError

from service.core import errors, keys
from service.core.db import Database
from service.core.models import Scope, Site
from service.core.quotas import Quotas
from service.core.settings import Settings

# The process is about to end: who waits for something is answered with what there is.
closing = threading.Event()


def database(request: Request) -> Database:
    found: Database = request.app.state.database
    return found


def settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


DatabaseDep = Annotated[Database, Depends(database)]
SettingsDep = Annotated[Settings, Depends(settings)]


def holder(request: Request, bearer: str, needed: Scope) -> Site:
    """The site that the key opens. Raises as `keys.authenticate` does, and QuotaError when it has no request left."""
    database: Database = request.app.state.database
    with database.reading() as session:
        key = keys.authenticate(session, bearer, needed)
        site = session.get_one(Site, key.site_id)
        news = keys.is_use_news(session, key)
    if news:
        # A database that is read-only or full still answers questions.
        with suppress(DBAPIError), database.transaction() as session:
            keys.note_use(session, key.id)
    quotas: Quotas | None = request.app.state.quotas
    if quotas:
        # `api.quotas` tells it with the answer, whatever that is.
        request.state.quota = quotas.take(key.id)
        if not request.state.quota.granted:
            raise errors.QuotaError
    return site
