"""`gatepost site`: the blogs that post comments."""

import typer

from service.commands import opened
from service.commands.opened import SiteName, console
from service.core import keys, sites
from service.core.models import Scope

app = typer.Typer(help="Sites: the blogs that post comments.", no_args_is_help=True)


@app.callback()
def _sites() -> None:
    """Keep `create` a command of its own while it is the only one."""


@app.command("create")
def create(name: SiteName) -> None:
    """Create a site and print its admin key, once."""
    with opened.transaction() as session:
        site = sites.create(session, name)
        key = keys.issue(session, site.id, Scope.ADMIN, "first key")
    console.print(f"Site “{name}” is there. Its key, shown only now:")
    print(key)
