"""`gatepost coral`: let a Coral ask about its comments."""

from typing import Annotated

import typer

from service.commands import opened
from service.commands.opened import SiteName, console
from service.core import coral_keys
from service.core.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def connect(
    site: SiteName,
    secret: Annotated[
        str,
        typer.Option(
            prompt="The phase's signing secret", hide_input=True, help="Coral shows it. Not given: asked for."
        ),
    ],
) -> None:
    """Make the address for an external moderation phase of Coral, and print it."""
    with opened.transaction() as session:
        key = coral_keys.create(session, opened.site(session, site).id, secret)
    console.print("The phase's callback URL; `gatepost key revoke` closes it:")
    print(coral_keys.address(Settings().public_url, key.id))
