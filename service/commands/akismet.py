"""`gatepost akismet`: keys for clients of Akismet's API, and what in WordPress stands in the way of decisions."""

from typing import Annotated

import typer

from service.commands import opened, wordpress_settings
from service.commands.opened import SiteName, console
from service.core import akismet_keys
from service.core.models import HeldAsSpam
from service.core.settings import Settings

app = typer.Typer(help="Clients of Akismet's API: WordPress and others.", no_args_is_help=True, add_completion=False)

Blog = Annotated[
    str | None,
    typer.Option(help="The blog's address, https://blog.example.org: its Akismet plugin is told later decisions."),
]
_HELD_AS_SPAM = (
    "Which held comments the client is told to be spam. none: it is told to ask a human, which WordPress and Discourse"
    " understand. spam: those held for spam. all: for clients that would publish whatever is not spam."
)
KeyId = Annotated[str, typer.Argument(help="The key's public id, as `akismet list` shows it.")]


@app.command("key")
def create(
    site: SiteName,
    blog: Blog = None,
    held_as_spam: Annotated[HeldAsSpam, typer.Option(help=_HELD_AS_SPAM)] = HeldAsSpam.NONE,
) -> None:
    """Issue a key of Akismet's form for a site and print it, once."""
    with opened.transaction() as session:
        key = akismet_keys.issue(
            session,
            opened.site(session, site),
            blog=blog,
            held_as_spam=held_as_spam,
            allow_private=Settings().webhook_allow_private,
        )
    print(key)


@app.command("list")
def show(site: SiteName) -> None:
    """List a site's Akismet keys. `gatepost key revoke` takes one's power away."""
    with opened.transaction() as session:
        found = akismet_keys.listed(session, opened.site(session, site).id)
    rows = [[key.id, row.blog or "-", row.held_as_spam, "revoked" if key.revoked_at else "live"] for row, key in found]
    opened.show(["id", "blog", "held as spam", "state"], rows)


@app.command("set")
def change(
    key_id: KeyId,
    blog: Blog = None,
    held_as_spam: Annotated[HeldAsSpam | None, typer.Option(help=_HELD_AS_SPAM)] = None,
) -> None:
    """Change how a key's client is answered; what is not given stays."""
    with opened.transaction() as session:
        row = akismet_keys.named(session, key_id)
        if blog is not None:
            row.blog = akismet_keys.origin(blog, allow_private=Settings().webhook_allow_private)
        if held_as_spam is not None:
            row.held_as_spam = held_as_spam
        session.add(row)
    console.print(f"The key {key_id} has changed.")


@app.command("check")
def check(
    options: Annotated[
        typer.FileText,
        typer.Argument(help="What `wp option list --format=json` prints in WordPress's folder; - reads the input."),
    ],
) -> None:
    """Tell which of WordPress's own settings would swallow an approval. Ends with 1 when one would."""
    try:
        found = list(wordpress_settings.findings(wordpress_settings.read(options.read())))
    except (ValueError, KeyError) as error:
        raise typer.BadParameter(f"not WordPress's options as JSON: {error}") from None
    for finding in found:
        print(f"{'SWALLOWS' if finding.swallows else 'note'}  {finding.setting}: {finding.text}")
    if any(finding.swallows for finding in found):
        console.print("The settings are in WordPress under Settings, Discussion.")
        raise typer.Exit(1)
    console.print("What Gatepost approves, WordPress publishes.")
