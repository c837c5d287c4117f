"""Is it alive, and does it keep up? The truth is the age of the oldest due row: a deaf worker is alive too."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from service.core import outbox
from service.core.queue import Topic
from service.web import DatabaseDep, SettingsDep

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    ready: bool
    lag_seconds: dict[Topic, float] = Field(description="How long the oldest due row of each topic has been waiting.")


@router.get("/healthz")
def healthz() -> Alive:
    """The web process answers."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Work waits for too long."}})
def readyz(database: DatabaseDep, settings: SettingsDep, response: Response) -> Readiness:
    """The database answers and the workers keep up."""
    with database.reading() as session:
        lag = outbox.lag(session)
    # Comments are decided and told of while a site has still to learn.
    ready = all(waited <= settings.ready_lag for topic, waited in lag.items() if topic != Topic.LEARN)
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, lag_seconds={t: round(lag[t].total_seconds(), 1) if t in lag else 0.0 for t in Topic})
