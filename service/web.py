"""What every door's routes can ask for by type: the settings and the database.

A route opens its transaction itself, and closes it before it returns. As a dependency, a transaction would hold its
connection while the request waits for a thread of the pool, and requests that wait for a connection would hold those.
"""

from typing import Annotated

from fastapi import Depends, Request

from service.core.db import Database
from service.core.settings import Settings


def database(request: Request) -> Database:
    found: Database = request.app.state.database
    return found


def settings(request: Request) -> Settings:
    found: Settings = request.app.state.settings
    return found


DatabaseDep = Annotated[Database, Depends(database)]
SettingsDep = Annotated[Settings, Depends(settings)]
