"""`gatepost moderator`: who works on which site's queue, and in which role."""

from collections.abc import Sequence
from typing import Annotated

import typer

from service.commands import opened
from service.commands.opened import console
from service.core import account_log, moderators, second_factors
from service.core.models import Moderator, Role, Site
from service.core.settings import Settings

app = typer.Typer(help="Moderators who work through the held queue.", no_args_is_help=True, add_completion=False)

Email = Annotated[str, typer.Argument(help="The e-mail address that they log in with.")]
OneSite = Annotated[str, typer.Argument(help="The site's name.")]
RoleOption = Annotated[Role, typer.Option(help="viewer: look; moderator: decide; admin: all that the console offers.")]


@app.command("create")
def create(
    email: Email,
    site: Annotated[list[str], typer.Option(help="A site whose queue they work on; may be given again.")],
    name: Annotated[str, typer.Option(prompt=True, help="How others see them.")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, help="Better not given here: you are asked for it."
        ),
    ],
    role: RoleOption = Role.MODERATOR,
) -> None:
    """Create a moderator."""
    with opened.transaction() as session:
        joined = [opened.site(session, site_name) for site_name in site]
        moderator = moderators.create(session, email, name, password)
        for one in joined:
            moderators.join(session, moderator, one.id, role)
    console.print(f"{moderator.name} can log in at {Settings().public_url}/console")


@app.command("list")
def show() -> None:
    """List the moderators with their sites and roles."""
    with opened.transaction() as session:
        rows = [_row(one, moderators.memberships(session, one)) for one in moderators.listed(session)]
    opened.show(["e-mail address", "name", "sites", "disabled"], rows)


@app.command("join")
def join(email: Email, site: OneSite, role: RoleOption = Role.MODERATOR) -> None:
    """Add a moderator to a site, or change their role there."""
    with opened.transaction() as session:
        moderators.join(session, moderators.get(session, email), opened.site(session, site).id, role)
    console.print(f"{email} is a {role} of “{site}” from now on.", markup=False)


@app.command("leave")
def leave(email: Email, site: OneSite) -> None:
    """Take a site away from a moderator."""
    with opened.transaction() as session:
        moderators.leave(session, moderators.get(session, email), opened.site(session, site).id)
    console.print(f"{email} sees nothing of “{site}” any more.", markup=False)


@app.command("disable")
def disable(email: Email) -> None:
    """Log a moderator out, and let them in no more."""
    with opened.transaction() as session:
        moderators.disable(session, email)
    console.print(f"{email} is logged out for good.")


@app.command("reset-second-factor")
def reset_second_factor(email: Email) -> None:
    """Let a moderator who has lost phone and recovery codes log in by the password alone; they are logged out."""
    with opened.transaction() as session:
        second_factors.reset(session, moderators.get(session, email), account_log.OPERATOR)
    console.print(f"{email} logs in by the password alone from now on.")


def _row(moderator: Moderator, joined: Sequence[tuple[Site, Role]]) -> list[str]:
    places = ", ".join(f"{site.name} ({role})" for site, role in joined)
    return [moderator.email, moderator.name, places or "-", "yes" if moderator.disabled_at else "no"]
