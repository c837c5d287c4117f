"""The console's place in the web application: one of its own under /console, so that its errors are pages."""

from pathlib import Path

from fastapi import Depends, FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from service.console import (
    account,
    actions,
    audit,
    auth,
    bulk,
    by_mail,
    digest_wishes,
    explorer,
    failures,
    history,
    insights,
    joining,
    live,
    login,
    people,
    protection,
    queue,
    second_factor,
    settings,
    site_keys,
    site_rules,
    site_settings,
    site_webhooks,
    sites,
    unsubscribing,
    views,
)

_PAGES = (
    *(login, joining, queue, actions, bulk, live, history, views),
    *(insights, explorer, audit, settings, account, second_factor),
    *(sites, site_settings, site_keys, site_webhooks, site_rules, people),
    *(by_mail, digest_wishes),
)
_STATIC = Path(__file__).parent / "static"


def install(app: FastAPI) -> None:
    """Mount the console, which shares the application's settings and database."""
    console = FastAPI(openapi_url=None)
    console.state = app.state
    failures.install(console)
    for page in _PAGES:
        console.include_router(page.router, dependencies=[Depends(protection.require_same_origin)])
    console.include_router(unsubscribing.router)
    console.mount("/static", StaticFiles(directory=_STATIC))
    for path in ("/", "/console"):
        app.add_api_route(path, _go_to_queue, include_in_schema=False)
    console.add_api_route("/", _go_to_queue)
    # Outside of the console's own error handling, which answers for what nobody foresaw.
    app.mount("/console", protection.Headers(console))


def _go_to_queue() -> RedirectResponse:
    return RedirectResponse(auth.HOME, headers=protection.HEADERS)
