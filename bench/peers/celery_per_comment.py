"""The usual way: FastAPI stores a comment and sends one Celery task for it, which scores it and posts the webhook.

`uvicorn --factory bench.peers.celery_per_comment:create_app` and `celery -A bench.peers.celery_per_comment worker`. The
engine is ours, one text at a time as a task has it; the webhook is signed the same way and goes out by `requests.post`.
What dies with a worker or with Redis is lost, and so is a webhook that fails: nothing here is paid for that.
"""

import json
import os
import time
from datetime import UTC, datetime
from functools import cache
from typing import Annotated
from uuid import UUID

import requests
from celery import Celery
from fastapi import Depends, FastAPI
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import Engine
from sqlmodel import Session

from bench.peers.plain_ingest import CommentIn, CommentOut, PlainComment, get_site, make_engine
from service.core import signing
from service.core.settings import Settings
from workers import scorers
from workers.engines.engine import Engine as TextEngine

app = Celery("peer", broker=os.environ["GATEPOST_REDIS_URL"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=4, task_default_queue="peer")


@cache
def _database() -> Engine:
    return make_engine(os.environ["GATEPOST_DATABASE_URL"])


@cache
def _engine() -> TextEngine:
    return scorers.load_scorer(Settings()).engine


def create_app() -> FastAPI:
    web = FastAPI()

    @web.post("/v1/comments", status_code=202)
    def submit(
        credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())], comment: CommentIn
    ) -> CommentOut:
        with Session(_database()) as session:
            site_id = get_site(session, credentials.credentials)
            values = comment.model_dump(exclude={"metadata"})
            row = PlainComment(site_id=site_id, created_at=datetime.now(UTC), extra=comment.metadata, **values)
            session.add(row)
            answer = CommentOut.model_validate(row, from_attributes=True)
            session.commit()
        decide.delay(str(answer.id))
        return answer

    return web


@app.task  # type: ignore[untyped-decorator]
def decide(comment_id: str) -> None:
    with Session(_database(), expire_on_commit=False) as session:
        comment = session.get_one(PlainComment, UUID(comment_id))
        [scores] = _engine().score([comment.text])
        comment.status = "held" if max(scores.values()) >= 0.5 else "approved"  # noqa: PLR2004
        session.add(comment)
        session.commit()
    told = {"id": comment_id, "external_id": comment.external_id, "status": comment.status, "scores": scores}
    body = json.dumps({"type": f"comment.{comment.status}", "data": told})
    signed = signing.headers(comment_id, int(time.time()), body, [os.environ["PEER_SECRET"]])
    headers = {"content-type": "application/json", **signed}
    requests.post(os.environ["PEER_WEBHOOK"], data=body, headers=headers, timeout=15).raise_for_status()


@app.task  # type: ignore[untyped-decorator]
def nothing(_comment_id: str) -> None:
    """What a task costs alone."""
