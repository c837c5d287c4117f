"""`gatepost`: start the processes, set up sites and moderators."""

import json
import os
import socket
import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from service import demo
from service.commands import (
    akismet,
    coral,
    erase,
    exports,
    imports,
    keys,
    mail,
    moderators,
    opened,
    secrets,
    sites,
    webhooks,
)
from service.commands.opened import console
from service.core import supervision
from service.core.errors import GatepostError
from service.core.queue import SilentBell, Topic
from service.core.settings import Settings
from service.core.supervision import Program

# What one command alone needs is imported there: web framework and migrations are half of what each would wait for.
app = typer.Typer(
    help="Gatepost: self-hosted comment moderation. Start with `gatepost up --demo`.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(sites.app, name="site")
app.add_typer(keys.app, name="key")
app.add_typer(moderators.app, name="moderator")
app.add_typer(akismet.app, name="akismet")
app.command("coral")(coral.connect)
app.add_typer(erase.app, name="erase")
app.add_typer(imports.app, name="import")
app.command()(exports.export)
app.add_typer(webhooks.app, name="webhook")
app.add_typer(secrets.app, name="secrets")
app.add_typer(mail.app, name="mail")

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.")]


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    *,
    demo_blog: Annotated[
        bool, typer.Option("--demo", help="Start a demo blog too, and show its first decisions.")
    ] = False,
) -> None:
    """Run everything in one process on SQLite: no broker, no other server."""
    for wanted in (port, demo.blog_port(port)) if demo_blog else (port,):
        _check_free(host, wanted)
    migrate()
    # What may be killed, by a model or for want of memory, is a program of its own, which is started again.
    embedded = ["service.embedded", host, str(port)]
    if not demo_blog:
        _become(["service.core.supervision", *embedded])
    with opened.database() as database, demo.blog(database, port):
        sys.exit(supervision.keep_running(Program(embedded)))


@app.command()
def web(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run a web process of a server (needs GATEPOST_REDIS_URL and workers beside it)."""
    _check_free(host, port)
    from service import serving  # noqa: PLC0415 - see above

    secrets.check()
    serving.serve("service.main:create_app", host, port)


@app.command()
def worker(
    topic: Annotated[
        Topic, typer.Argument(help="score: score comments, and learn; deliver: post webhooks; learn: nothing else.")
    ],
    processes: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 1,
) -> None:
    """Run Celery workers for one topic, and replace them when they end or no longer hear."""
    secrets.check()
    _become(["workers.watchdog", topic, str(processes)])


@app.command()
def sweeper() -> None:
    """Run the sweeper: it rings again for what is due, and works itself when nobody answers. Any number is safe."""
    secrets.check()
    _become(["service.core.supervision", "workers.sweeper"])


@app.command()
def migrate() -> None:
    """Create the database's tables, or bring them up to date."""
    from service import migrations  # noqa: PLC0415 - see above

    migrations.upgrade(Settings().database_url)
    secrets.take_over()


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    from service.main import build_app  # noqa: PLC0415 - see above

    built = build_app(Settings(database_url="sqlite:///never-opened.db"), SilentBell())
    print(json.dumps(built.openapi(), indent=2, ensure_ascii=False))


def _hand_over(context: typer.Context) -> None:
    _become(["workers.cli", str(context.info_name), *context.args])


# The workers' own commands: what they take, and `--help`, is theirs to say.
for _name, _about in (
    ("evaluate", "Measure the engines on labelled comments (CSV): metrics and plots."),
    ("calibrate", "Suggest a site's thresholds from what its moderators decided."),
    ("backtest", "Show what another policy would have decided, and where it differs."),
    ("learning", "Show, explain, seed or reset what a site has learnt from its moderators."),
    ("models", "List, fetch, verify and export models."),
):
    app.command(
        _name,
        help=_about,
        add_help_option=False,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(_hand_over)


def _check_free(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise typer.BadParameter(
            f"{host}:{port} cannot be listened on ({error.strerror}); choose another --port."
        ) from error


def _become(module: list[str]) -> None:
    """Turn into another Python program, so that signals reach it and its exit code is ours."""
    os.execv(sys.executable, [sys.executable, "-m", *module])  # noqa: S606 - no shell is wanted


def main() -> None:
    """Run a command; what its user can mend is told in a line, not a traceback."""
    try:
        app()
    except ValidationError as error:
        for item in error.errors():
            console.print(f"GATEPOST_{str(item['loc'][0]).upper()}: {item['msg']}", style="red", markup=False)
        sys.exit(1)
    except GatepostError as error:
        console.print(str(error), style="red", markup=False)
        sys.exit(1)
    except OperationalError as error:
        console.print(f"The database does not answer: {str(error.orig).strip()}", style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
