"""The web application: routers, error handlers, nothing at import time."""

from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from typing import Any, Protocol

from fastapi import FastAPI

from service.api import authors, comments, document, health, keys, limits, problems, reports, shadows, sites, webhooks
from service.api.quotas import QuotaHeaders
from service.compat import coral, openai
from service.compat.akismet import account as akismet_account
from service.compat.akismet import checks as akismet_checks
from service.compat.perspective import routes as perspective
from service.console import routes as console
from service.core import encryption, logs, quotas
from service.core.db import Database, create_engine
from service.core.intake import Intake
from service.core.queue import Bell
from service.core.settings import Settings
from service.core.waiting import Waiting

DESCRIPTION = """Post comments, get decisions back by signed webhook.

Every request carries a site's key: `Authorization: Bearer gp_…`. Errors are RFC 9457 problem bodies. Webhooks follow
[Standard Webhooks](https://www.standardwebhooks.com)."""


class Lifespan(Protocol):
    def __call__(self, app: FastAPI) -> AbstractAsyncContextManager[Any]: ...


def create_app(settings: Settings | None = None) -> FastAPI:
    """The web process of a server. `uvicorn --factory service.main:create_app`."""
    settings = settings or Settings()
    logs.configure(settings)
    if settings.redis_url is None:
        raise SystemExit(
            "A web process of its own needs workers to ring for: set GATEPOST_REDIS_URL, or run `gatepost up`."
        )
    # The embedded mode has no broker: it need not wait for Celery to be imported.
    from service.core.broker import CeleryBell  # noqa: PLC0415 - see above

    return build_app(settings, CeleryBell(settings.redis_url.get_secret_value()))


def build_app(settings: Settings, bell: Bell, lifespan: Lifespan | None = None) -> FastAPI:
    app = FastAPI(
        title="Gatepost",
        description=DESCRIPTION,
        version=version("gatepost"),
        lifespan=lifespan,
        license_info={"name": "MIT", "identifier": "MIT"},
        generate_unique_id_function=document.operation_id,
    )
    app.state.settings = settings
    app.state.database = Database(
        create_engine(settings.database_url), bell, settings.database_timeout, encryption.keyring(settings)
    )
    app.state.quotas = quotas.create(settings)
    app.state.intake = Intake(app.state.database, app.state.quotas)
    app.state.waiting = Waiting(app.state.database, app.state.intake, settings)
    app.add_middleware(QuotaHeaders)
    app.add_middleware(limits.BodyGuard)
    problems.install(app)
    document.install(app)
    doors = (comments, reports, authors, webhooks, sites, shadows, keys, health)
    for door in (*doors, akismet_checks, akismet_account, perspective, openai, coral):
        app.include_router(door.router)
    console.install(app)
    return app
