"""`gatepost key`: issue, list and revoke the keys of a site."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from service.commands import opened
from service.commands.opened import SiteName, console
from service.core import db, keys
from service.core.models import Key, Scope

app = typer.Typer(help="Keys that sites post with.", no_args_is_help=True, add_completion=False)


@app.command("create")
def create(
    site: SiteName,
    scope: Annotated[
        Scope,
        typer.Option(help="submit: post, edit, erase and decide comments; read: look them up; admin: everything."),
    ] = Scope.SUBMIT,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
    days: Annotated[int | None, typer.Option(help="It expires after so many; not given: never.", min=1)] = None,
) -> None:
    """Issue another key for a site and print it, once."""
    with opened.transaction() as session:
        expires_at = db.now(session) + timedelta(days=days) if days else None
        key = keys.issue(session, opened.site(session, site).id, scope, name, expires_at)
    print(key)


@app.command("list")
def show(site: SiteName) -> None:
    """List a site's keys, the newest first; their secrets nobody knows."""
    with opened.transaction() as session:
        found = keys.listed(session, opened.site(session, site).id)
    columns = ["id", "scope", "name", "created", "expires", "last used", "revoked"]
    opened.show(columns, [_row(key) for key in found])


@app.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument(help="The key's public id: gp_<this>_….")]) -> None:
    """Take a key's power away, at once."""
    with opened.transaction() as session:
        keys.revoke(session, key_id)
    console.print(f"The key {key_id} opens nothing any more.")


def _row(key: Key) -> list[str]:
    times = (key.created_at, key.expires_at, key.last_used_at, key.revoked_at)
    return [key.id, key.scope, key.name, *map(_minute, times)]


def _minute(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ") if at else "-"
