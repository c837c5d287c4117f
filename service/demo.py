"""`gatepost up --demo`: a site, a moderator, a blog that posts comments, and their decisions in the terminal."""

import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.core import keys, moderators, signing_keys, sites, webhooks
from service.core.db import Database
from service.core.models import Endpoint, Scope

BLOG = Path(__file__).parents[1] / "examples" / "blog" / "blog.py"
MODERATOR = "moderator@example.org"
PATIENCE_SECONDS = 45

COMMENTS = (
    ("Haruka", "I grew up in Osaka, and what you write about Japan and Korea matches what my grandparents told me."),
    (
        "Tom",
        "As an American living in Beijing I see it differently: most Chinese people I meet want calm, not a contest.",
    ),
    ("Min-jun", "Good summary. Is there any source for the fisheries agreement between Korea and China?"),
    ("anon", "You are a pathetic idiot and so is everyone who believes this garbage."),
    ("Rex", "I will find out where you live and I will kill you."),
    (
        "Cheap Watches",
        "Best replica watches, buy now! http://watches.example http://bags.example http://casino.example",
    ),
    ("Sofia", "I disagree with the second half. The treaty was never meant to bind America alone."),
)

out = Console()


class Secrets(BaseModel):
    """What the demo must remember between two starts; it lies beside the database, readable by its owner alone."""

    admin_key: str
    blog_key: str
    endpoint_id: UUID
    webhook_secret: str
    password: str


def blog_port(port: int) -> int:
    return port + 1


@contextmanager
def blog(database: Database, port: int) -> Iterator[None]:
    """Run the demo blog beside Gatepost, which the caller starts on `port`; tell in the terminal what happens."""
    if not BLOG.exists():
        raise typer.BadParameter("The demo blog is part of the source tree; start `gatepost up` without --demo.")
    # The blog is on this machine.
    os.environ["GATEPOST_WEBHOOK_ALLOW_PRIVATE"] = "true"
    os.environ.setdefault("GATEPOST_LOG_LEVEL", "WARNING")
    os.environ["GATEPOST_PUBLIC_URL"] = gatepost_url = f"http://127.0.0.1:{port}"
    blog_url = f"http://127.0.0.1:{blog_port(port)}"
    folder = Path(database.engine.url.database or "var/gatepost.db").parent
    known = _set_up(database, folder, f"{blog_url}/gatepost-webhook")
    environment = {
        **os.environ,
        "GATEPOST_URL": gatepost_url,
        "GATEPOST_KEY": known.blog_key,
        "GATEPOST_WEBHOOK_SECRET": known.webhook_secret,
        "BLOG_PORT": str(blog_port(port)),
        "BLOG_DATABASE": str(folder / "demo-blog.db"),
    }
    with (folder / "demo-blog.log").open("ab") as log:
        command = [sys.executable, str(BLOG)]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)  # noqa: S603 - our own program
    threading.Thread(target=_narrate, args=(gatepost_url, blog_url, known, folder), daemon=True).start()
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def _set_up(database: Database, folder: Path, webhook_url: str) -> Secrets:
    path = folder / "demo.json"
    password = secrets.token_urlsafe(9)
    with database.transaction() as session:
        if path.exists():
            known = Secrets.model_validate_json(path.read_bytes())
            if endpoint := session.get(Endpoint, known.endpoint_id):
                # The port may be another one today.
                endpoint.url = webhook_url
                return known
        site = sites.create(session, "Demo blog")
        moderators.join(session, moderators.create(session, MODERATOR, "Mo the moderator", password), site.id)
        endpoint = webhooks.create(session, site.id, webhook_url, allow_private=True)
        known = Secrets(
            admin_key=keys.issue(session, site.id, Scope.ADMIN, "for trying the API"),
            # A blog that only posts comments needs no more.
            blog_key=keys.issue(session, site.id, Scope.SUBMIT, "demo blog"),
            endpoint_id=endpoint.id,
            webhook_secret=signing_keys.shared_secret(session, endpoint) or "",
            password=password,
        )
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(known.model_dump_json(), encoding="utf-8")
    return known


def _narrate(gatepost_url: str, blog_url: str, known: Secrets, folder: Path) -> None:
    with httpx2.Client(headers={"authorization": f"Bearer {known.admin_key}"}, timeout=10) as client:
        _wait_until_up(client, gatepost_url, blog_url)
        if not _comments(client, gatepost_url):
            for name, text in COMMENTS:
                # Without the key: the blog is somebody else.
                httpx2.post(f"{blog_url}/comments", data={"author_name": name, "text": text}, timeout=10)
            out.print(f"\n{len(COMMENTS)} readers have posted comments on the demo blog …")
        _show(_decided(client, gatepost_url))
    out.print(f"""
[bold]Demo blog[/]        {blog_url}
[bold]Held queue[/]       {gatepost_url}/console    log in as {MODERATOR}, password {known.password}
[bold]API and its docs[/] {gatepost_url}/docs       key: in {folder}/demo.json

Write a comment on the blog and see it decided. Ctrl-C stops everything; the data stays in {folder}/.
""")


def _wait_until_up(client: httpx2.Client, *urls: str) -> None:
    for url in urls:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                client.get(f"{url}/healthz" if url is urls[0] else url)
                break
            except httpx2.TransportError:
                time.sleep(0.1)


def _comments(client: httpx2.Client, gatepost_url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"{gatepost_url}/v1/comments", params={"limit": 20}).json()["comments"]
    return found


def _decided(client: httpx2.Client, gatepost_url: str) -> list[dict[str, Any]]:
    """The newest comments, once there are some and none of them is pending."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = _comments(client, gatepost_url)
        settled = len(found) >= len(COMMENTS) and all(comment["status"] != "pending" for comment in found)
        if settled or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def _show(found: list[dict[str, Any]]) -> None:
    table = Table(title="Decisions", title_justify="left", expand=True)
    for column in ("Comment", "Decision", "Highest score", "Reasons"):
        table.add_column(column, ratio=3 if column in {"Comment", "Reasons"} else 1)
    for comment in reversed(found):
        verdict = comment["verdict"] or {"scores": {}, "reasons": []}
        label, score = max(verdict["scores"].items(), key=lambda item: item[1], default=("", 0.0))
        colour = {"approved": "green", "held": "yellow"}.get(comment["status"], "white")
        reasons = "\n".join(verdict["reasons"])
        table.add_row(Text(comment["text"]), f"[{colour}]{comment['status']}[/]", f"{label} {score:.2f}", Text(reasons))
    out.print(table)
