"""`gatepost site`: the blogs that post comments."""

from typing import Annotated

import typer

from service.commands import opened
from service.commands.opened import SiteName, console
from service.core import keys, sites
from service.core.models import Scope

app = typer.Typer(help="Sites: the blogs that post comments.", no_args_is_help=True, add_completion=False)


@app.command("create")
def create(name: SiteName) -> None:
    """Create a site and print its admin key, once."""
    with opened.transaction() as session:
        site = sites.create(session, name)
        key = keys.issue(session, site.id, Scope.ADMIN, "first key")
    console.print(f"Site “{name}” is there. Its key, shown only now:")
    print(key)


@app.command("undo-window")
def undo_window(
    name: SiteName,
    seconds: Annotated[int, typer.Argument(min=0, max=sites.LONGEST_UNDO, help="0: the blog hears of it at once.")],
) -> None:
    """Set for how long a moderator's decision can be undone before the blog hears of it."""
    with opened.transaction() as session:
        opened.site(session, name).undo_seconds = seconds
    console.print(f"Decisions at “{name}” are told after {seconds} seconds.")
