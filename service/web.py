"""What every door's routes can ask for by type: the settings, the database, a transaction."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session as SQLModelSession

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


def transaction(database: DatabaseDep) -> Iterator[SQLModelSession]:
    with database.transaction() as session:
        yield session


def reading(database: DatabaseDep) -> Iterator[SQLModelSession]:
    with database.reading() as session:
        yield session


# FastAPI would end a `yield` dependency after the response: the client would read 202 and the commit could still fail.
Session = Annotated[SQLModelSession, Depends(transaction, scope="function")]
# For what only looks: on SQLite it does not wait for whoever writes.
ReadSession = Annotated[SQLModelSession, Depends(reading, scope="function")]
