"""`gatepost`: start the processes, set up sites and moderators."""

import importlib
import json
import os
import socket
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from service.core import supervision
from service.core.queue import SilentBell, Topic
from service.core.settings import Settings
from service.core.supervision import Program

# Each is `app` in a module of `service.commands`.
_MODULES = {
    "site": "sites",
    "key": "keys",
    "moderator": "moderators",
    "akismet": "akismet",
    "coral": "coral",
    "erase": "erase",
    "import": "imports",
    "export": "exports",
    "webhook": "webhooks",
    "secrets": "secrets",
    "mail": "mail",
}


class Commands(TyperGroup):
    """Imports what a command needs when it is asked for: who starts a server need not wait for all the others'."""

    # Typer brings a Click of its own, whose types it keeps to itself.
    def list_commands(self, ctx: Any) -> list[str]:
        return [*super().list_commands(ctx), *_MODULES]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _MODULES:
            return super().get_command(ctx, cmd_name)
        command = get_command(importlib.import_module(f"service.commands.{_MODULES[cmd_name]}").app)
        command.name = cmd_name
        return command


# What one command alone needs is imported there, for the same reason.
app = typer.Typer(
    cls=Commands,
    help="Gatepost: self-hosted comment moderation. Start with `gatepost up --demo`.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

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
    _check_free(host, port)
    # What may be killed, by a model or for want of memory, is a program of its own, which is started again.
    embedded = ["service.embedded", host, str(port)]
    if not demo_blog:
        _become(["service.core.supervision", *embedded])
    from service import demo  # noqa: PLC0415 - see above
    from service.commands import opened  # noqa: PLC0415 - see above

    _check_free(host, demo.blog_port(port))
    migrate()
    with opened.database() as database, demo.blog(database, port):
        sys.exit(supervision.keep_running(Program(embedded)))


@app.command()
def web(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run a web process of a server (needs GATEPOST_REDIS_URL and workers beside it)."""
    _check_free(host, port)
    _check_secrets()
    from service import serving  # noqa: PLC0415 - see above

    serving.serve("service.main:create_app", host, port)


@app.command()
def worker(
    topic: Annotated[
        Topic, typer.Argument(help="score: score comments, and learn; deliver: post webhooks; learn: nothing else.")
    ],
    processes: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 1,
) -> None:
    """Run Celery workers for one topic, and replace them when they end or no longer hear."""
    _check_secrets()
    _become(["workers.watchdog", topic, str(processes)])


@app.command()
def sweeper() -> None:
    """Run the sweeper: it rings again for what is due, and works itself when nobody answers. Any number is safe."""
    _check_secrets()
    _become(["service.core.supervision", "workers.sweeper"])


@app.command()
def migrate() -> None:
    """Create the database's tables, or bring them up to date."""
    from service.commands import upgrade  # noqa: PLC0415 - see above

    upgrade.upgrade()


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


def _check_secrets() -> None:
    from service.commands import secrets  # noqa: PLC0415 - see above

    secrets.check()


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
    except Exception as error:
        from service.commands import failures  # noqa: PLC0415 - see above

        if not failures.tell(error):
            raise
        sys.exit(1)


if __name__ == "__main__":
    main()
