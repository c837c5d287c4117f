"""`gatepost`: start the processes, set up sites and moderators."""

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from service import demo, migrations, serving
from service.core import keys, moderators, sites
from service.core.db import Database, create_engine
from service.core.errors import GatepostError, NotFoundError
from service.core.models import Scope, Site
from service.core.queue import SilentBell, Topic
from service.core.settings import Settings
from service.main import build_app

app = typer.Typer(
    help="Gatepost: self-hosted comment moderation. Start with `gatepost up --demo`.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
site_app = typer.Typer(help="Sites: the blogs that post comments.", no_args_is_help=True)
key_app = typer.Typer(help="Keys that sites post with.", no_args_is_help=True)
moderator_app = typer.Typer(help="Moderators who work through the held queue.", no_args_is_help=True)
app.add_typer(site_app, name="site")
app.add_typer(key_app, name="key")
app.add_typer(moderator_app, name="moderator")

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.")]
SiteName = Annotated[str, typer.Argument(help="The site's name.")]
console = Console(stderr=True)


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
    migrations.upgrade(Settings().database_url)
    with demo.blog(_database(), port) if demo_blog else nullcontext():
        serving.serve("service.embedded:create_app", host, port)


@app.command()
def web(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run a web process of a server (needs GATEPOST_REDIS_URL and workers beside it)."""
    _check_free(host, port)
    serving.serve("service.main:create_app", host, port)


@app.command()
def worker(
    topic: Annotated[
        Topic, typer.Argument(help="score: score comments, and learn; deliver: post webhooks; learn: nothing else.")
    ],
    processes: Annotated[int, typer.Option(help="Worker processes.", min=1)] = 1,
) -> None:
    """Run Celery workers for one topic."""
    # Learning is rare and quick, and needs what scoring needs: the scorer does both.
    queues = f"{Topic.SCORE},{Topic.LEARN}" if topic == Topic.SCORE else topic
    celery = ["celery", "--app", "workers.app", "worker", "--queues", queues, "--concurrency", str(processes)]
    quiet = ["--without-gossip", "--without-mingle", "--hostname", f"{topic}@%h", "--loglevel", "WARNING"]
    _become([*celery, *quiet])


@app.command()
def sweeper() -> None:
    """Run the sweeper: it rings again for what is due, and works itself when nobody answers. Any number is safe."""
    _become(["workers.sweeper"])


@app.command()
def migrate() -> None:
    """Create the database's tables, or bring them up to date."""
    migrations.upgrade(Settings().database_url)


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document."""
    built = build_app(Settings(database_url="sqlite:///never-opened.db"), SilentBell())
    print(json.dumps(built.openapi(), indent=2, ensure_ascii=False))


@site_app.command("create")
def create_site(name: SiteName) -> None:
    """Create a site and print its admin key, once."""
    with _transaction() as session:
        site = sites.create(session, name)
        key = keys.issue(session, site.id, Scope.ADMIN, "first key")
    console.print(f"Site “{name}” is there. Its key, shown only now:")
    print(key)


@key_app.command("create")
def create_key(
    site: SiteName,
    scope: Annotated[
        Scope,
        typer.Option(help="submit: post, edit, erase and decide comments; read: look them up; admin: everything."),
    ] = Scope.SUBMIT,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "",
) -> None:
    """Issue another key for a site and print it, once."""
    with _transaction() as session:
        key = keys.issue(session, _site(session, site).id, scope, name)
    print(key)


@key_app.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="The key's public id: gp_<this>_….")]) -> None:
    """Take a key's power away, at once."""
    with _transaction() as session:
        keys.revoke(session, key_id)
    console.print(f"The key {key_id} opens nothing any more.")


@moderator_app.command("disable")
def disable_moderator(email: Annotated[str, typer.Argument(help="Whom to log out for good.")]) -> None:
    """Log a moderator out, and let them in no more."""
    with _transaction() as session:
        moderators.disable(session, email)
    console.print(f"{email} is logged out for good.")


@moderator_app.command("create")
def create_moderator(
    email: Annotated[str, typer.Argument(help="They log in with it.")],
    site: Annotated[list[str], typer.Option(help="A site whose queue they work on; may be given again.")],
    name: Annotated[str, typer.Option(prompt=True, help="How others see them.")],
    password: Annotated[
        str,
        typer.Option(
            prompt=True, hide_input=True, confirmation_prompt=True, help="Better not given here: you are asked for it."
        ),
    ],
) -> None:
    """Create a moderator."""
    with _transaction() as session:
        joined = [_site(session, site_name) for site_name in site]
        moderator = moderators.create(session, email, name, password)
        for one in joined:
            moderators.join(session, moderator, one.id)
    console.print(f"{moderator.name} can log in at {Settings().public_url}/console")


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


@contextmanager
def _transaction() -> Iterator[Session]:
    database = _database()
    try:
        with database.transaction() as session:
            yield session
    finally:
        database.engine.dispose()


def _database() -> Database:
    # No bell: what a command leaves due is found by the sweeper.
    return Database(create_engine(Settings().database_url), SilentBell())


def _site(session: Session, name: str) -> Site:
    try:
        return sites.named(session, name)
    except NotFoundError as error:
        raise typer.BadParameter(str(error)) from error


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
