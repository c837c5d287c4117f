"""Gatepost's own web process with nothing behind it: what the same request costs when nothing is stored."""

from datetime import UTC, datetime

from fastapi import FastAPI

from service.core import db, submissions
from service.core.intake import Incoming
from service.core.models import Comment
from service.main import create_app as create_gatepost

_SITE_ID = db.new_id()


class Nowhere:
    async def submit(self, incoming: Incoming) -> Comment:
        arrival = submissions.arrival(_SITE_ID, incoming.submission, incoming.idempotency_key)
        return submissions.build([arrival], datetime.now(UTC))[0]


def create_app() -> FastAPI:
    app = create_gatepost()
    app.state.intake = Nowhere()
    return app
