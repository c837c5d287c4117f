"""`gatepost erase`: forget a comment, or an author with all comments."""

from typing import Annotated
from uuid import UUID

import typer

from service.commands import opened
from service.commands.opened import SiteName, console
from service.core import comments, erasure
from service.core.erasure import Author

app = typer.Typer(help="Forget comments for good.", no_args_is_help=True, add_completion=False)

_OPERATOR = "operator"


@app.command("comment")
def comment(site: SiteName, comment_id: Annotated[UUID, typer.Argument(help="The comment's id.")]) -> None:
    """Erase a comment with its events, deliveries and what it taught."""
    with opened.transaction() as session:
        comments.erase(session, opened.site(session, site).id, comment_id, _OPERATOR)
    console.print("The comment is erased.")


@app.command("author")
def author(
    site: SiteName,
    account: Annotated[str | None, typer.Option("--id", help="The author's account at the blog.")] = None,
    email: Annotated[str | None, typer.Option(help="The author's e-mail address.")] = None,
) -> None:
    """Erase all of an author's comments at a site: those of the account, and those of the e-mail address."""
    if not (account or email):
        raise typer.BadParameter("Name the author: --id, --email or both.")
    erased = 0
    with opened.database() as database:
        while True:
            with database.transaction() as session:
                site_id = opened.site(session, site).id
                batch = erasure.author(session, site_id, Author(account, email), _OPERATOR)
            erased += batch
            if batch < erasure.BATCH:
                break
    console.print(f"{erased} comments are erased.")
