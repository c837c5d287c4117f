"""`gatepost webhook`: see how a site's endpoints fare, enable them again, send what they have missed."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import typer
from sqlmodel import Session

from service.commands import opened
from service.commands.opened import SiteName, console
from service.core import recovery, webhooks
from service.core.models import Endpoint

app = typer.Typer(help="Endpoints that sites receive their webhooks at.", no_args_is_help=True, add_completion=False)

EndpointId = Annotated[UUID, typer.Argument(help="The endpoint's id, as `webhook list` shows it.")]


@app.command("list")
def show(site: SiteName) -> None:
    """List a site's endpoints, and what is wrong with them."""
    with opened.transaction() as session:
        found = webhooks.endpoints(session, opened.site(session, site).id)
    opened.show(["id", "url", "state"], [[str(endpoint.id), endpoint.url, _state(endpoint)] for endpoint in found])


@app.command("enable")
def enable(site: SiteName, endpoint: EndpointId) -> None:
    """Send to an endpoint again that was disabled. What it missed, `recover` sends."""
    with opened.transaction() as session:
        webhooks.enable(session, _endpoint(session, site, endpoint))
    console.print(f"{endpoint} is enabled.")


@app.command("recover")
def recover(
    site: SiteName,
    endpoint: EndpointId,
    since: Annotated[datetime, typer.Option(help="Events from this time on, UTC.")],
    *,
    replay: Annotated[bool, typer.Option(help="Also what it has answered with 2xx before.")] = False,
) -> None:
    """Send what an endpoint has missed, while it failed or was disabled: the same ids and bodies."""
    events = 0
    next_since: datetime | None = since.replace(tzinfo=since.tzinfo or UTC)
    while next_since:
        # A transaction for each thousand: deliveries begin at once, and nobody waits for a long one.
        with opened.transaction() as session:
            recovered = recovery.recover(session, _endpoint(session, site, endpoint), next_since, again=replay)
        events, next_since = events + recovered.events, recovered.next_since
    console.print(f"{events} events are sent to {endpoint}.")


def _endpoint(session: Session, site: str, endpoint_id: UUID) -> Endpoint:
    return webhooks.get(session, opened.site(session, site).id, endpoint_id)


def _state(endpoint: Endpoint) -> str:
    if endpoint.disabled_at:
        return f"disabled {endpoint.disabled_at:%Y-%m-%d %H:%MZ}: {endpoint.disabled_reason}"
    return f"failing since {endpoint.failing_since:%Y-%m-%d %H:%MZ}" if endpoint.failing_since else "works"
