"""`gatepost mail`: whether mails can be sent."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from service.commands.opened import console
from service.core import db
from service.core.errors import GatepostError
from service.core.mail import letters, messages, server
from service.core.settings import Settings

app = typer.Typer(
    help="Digests of held comments, invitations and notices by mail.", no_args_is_help=True, add_completion=False
)


@app.callback()
def _commands() -> None:
    """Digests of held comments, invitations and notices by mail."""


@app.command()
def test(address: Annotated[str, typer.Argument(help="Where to send it.")]) -> None:
    """Send a mail to this address, and tell what is wrong when that does not work."""
    settings = Settings()
    if settings.smtp_url is None:
        raise GatepostError("GATEPOST_SMTP_URL is not set: Gatepost sends no mail.")
    to = server.parse(settings.smtp_url.get_secret_value())
    letter = letters.test(address, settings, datetime.now(UTC))
    server.send(to, messages.render(letter, settings.mail_from or "", db.new_id()))
    way = "over TLS" if to.implicit_tls or to.starttls else "in plain"
    console.print(
        f"{to.name} has taken a mail for {address}, {way}. If it does not arrive, look into its log.", markup=False
    )
