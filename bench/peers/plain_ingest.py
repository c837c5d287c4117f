"""The plain way to take in comments: FastAPI, a synchronous SQLModel session a request, two rows, COMMIT, 202.

`uvicorn --factory bench.peers.plain_ingest:create_app`. As the FastAPI and SQLModel tutorials have it, with the same
work: a bearer key that is looked up by its hash, a comment with what our clients send, and the row of a job. Its tables
have fewer columns and fewer indexes than ours.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import JSON, Column, Engine, UniqueConstraint, event
from sqlmodel import Field, Session, SQLModel, create_engine, select
from sqlmodel.main import default_registry

# Its tables have nothing to do with ours, which may be loaded in the same process.
KEY = "a-key-for-the-benchmark"


class Tables(SQLModel, registry=type(default_registry)()):
    pass


class PlainKey(Tables, table=True):
    hash: str = Field(primary_key=True)
    site_id: UUID = Field(default_factory=uuid4)


class PlainComment(Tables, table=True):
    __table_args__ = (UniqueConstraint("site_id", "external_id"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    site_id: UUID = Field(index=True)
    external_id: str | None
    text: str
    author_name: str | None
    author_email: str | None = Field(index=True)
    author_ip: str | None
    post_id: str | None
    permalink: str | None
    extra: dict[str, Any] = Field(sa_column=Column(JSON))
    status: str = "pending"
    created_at: datetime


class PlainJob(Tables, table=True):
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    comment_id: UUID
    due_at: datetime = Field(index=True)


class CommentIn(BaseModel):
    text: str = Field(min_length=1, max_length=50_000)
    external_id: str | None = None
    author_name: str | None = None
    author_email: str | None = None
    author_ip: str | None = None
    post_id: str | None = None
    permalink: str | None = None
    metadata: dict[str, Any] = {}


class CommentOut(BaseModel):
    id: UUID
    external_id: str | None
    text: str
    status: str
    created_at: datetime


def create_app() -> FastAPI:
    engine = make_engine(os.environ["GATEPOST_DATABASE_URL"])
    app = FastAPI()

    @app.post("/v1/comments", status_code=202)
    def submit(
        credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())], comment: CommentIn
    ) -> CommentOut:
        # Not as a dependency: a session that waits for a thread with its connection in hand locks up under load.
        with Session(engine) as session:
            site_id = get_site(session, credentials.credentials)
            now = datetime.now(UTC)
            row = PlainComment(
                site_id=site_id, created_at=now, extra=comment.metadata, **comment.model_dump(exclude={"metadata"})
            )
            session.add(row)
            session.add(PlainJob(comment_id=row.id, due_at=now))
            answer = CommentOut.model_validate(row, from_attributes=True)
            session.commit()
        return answer

    return app


def get_site(session: Session, key: str) -> UUID:
    found = session.get(PlainKey, hashlib.sha256(key.encode()).hexdigest())
    if found is None:
        raise HTTPException(401)
    return found.site_id


def make_engine(url: str) -> Engine:
    """As a careful user of SQLite sets it: what is committed is on the disk."""
    engine = create_engine(url, pool_size=40)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def configure(connection: Any, _: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA busy_timeout=20000")

    return engine


@contextmanager
def prepared(url: str) -> Iterator[Engine]:
    """The tables and the key; the engine counts the rows afterwards."""
    engine = make_engine(url)
    Tables.metadata.create_all(engine)
    with Session(engine) as session:
        if not session.exec(select(PlainKey)).first():
            session.add(PlainKey(hash=hashlib.sha256(KEY.encode()).hexdigest()))
            session.commit()
    yield engine
    engine.dispose()
