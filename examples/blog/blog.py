"""A blog that publishes a comment once Gatepost has approved it: submit, receive, show."""

import asyncio
import base64
import contextlib
import hmac
import json
import logging
import os
import re
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import httpx2
import jinja2
import uvicorn
from fastapi import Cookie, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.staticfiles import StaticFiles

GATEPOST_URL = os.environ.get("GATEPOST_URL", "http://127.0.0.1:8000")
GATEPOST_KEY = os.environ["GATEPOST_KEY"]
WEBHOOK_KEY = base64.b64decode(os.environ["GATEPOST_WEBHOOK_SECRET"].removeprefix("whsec_"))
PORT = int(os.environ.get("BLOG_PORT", "8001"))
DATABASE = os.environ.get("BLOG_DATABASE", "blog.sqlite3")

FOLDER = Path(__file__).parent
ARTICLE = {"post_id": "four-flags", "post_title": "Four Flags at One Table", "language": "en"}
# What the form has, and how long it may be.
LIMITS = {"text": 5_000, "author_name": 200, "author_email": 320, "author_url": 2_000, "referrer": 2_000}
LIMITS |= {"website2": 2_000, "opened_at": 12}
RETRY_SECONDS = 5
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",  # a page shows its reader what others may not see
}

log = logging.getLogger("uvicorn.error")
templates = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER / "templates"), autoescape=True)
templates.filters["date"] = lambda text: f"{datetime.fromisoformat(text):%d %B %Y, %H:%M} UTC"
# A statement takes about a millisecond, so all run on the event loop: one thread, one connection, no locks.
database = sqlite3.connect(DATABASE)
database.row_factory = sqlite3.Row
database.executescript((FOLDER / "schema.sql").read_text())
written = asyncio.Event()


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    sender = asyncio.create_task(send_forever())
    yield
    sender.cancel()


app = FastAPI(lifespan=lifespan, openapi_url=None)
app.mount("/static", StaticFiles(directory=FOLDER / "static"))
# Set and replaced when a status changes. Open pages wait for it and are listed nowhere, so any may leave at any time.
app.state.change = asyncio.Event()

# --- Submit: a comment is stored here first, then sent to Gatepost, as often as it takes. ---


@app.post("/comments")
async def submit_comment(request: Request, blog_author: Annotated[str, Cookie()] = "") -> Response:
    form = await request.form()
    # Without NUL and within Gatepost's limits: a comment that it refuses would never be decided.
    fields = {name: str(form.get(name, "")).replace("\0", "").strip()[:limit] for name, limit in LIMITS.items()}
    if not fields["text"]:
        return RedirectResponse("/#respond", 303)
    honeypot, opened_at = fields.pop("website2"), fields.pop("opened_at")
    submission = {
        **ARTICLE,
        **fields,
        "external_id": secrets.token_hex(8),
        "posted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "author_ip": request.client and request.client.host,
        "user_agent": request.headers.get("user-agent", "")[:1_000],
        "permalink": str(request.url_for("show_article"))[:2_000],
        "honeypot": honeypot,
        "fill_seconds": max(0, time.time() - int(opened_at)) if opened_at.isdecimal() else None,
    }
    author = blog_author or secrets.token_urlsafe(16)
    with database:
        database.execute(
            "INSERT INTO comment (id, author, author_name, author_url, text, posted_at, unsent) VALUES"
            " (:external_id, :author, :author_name, :author_url, :text, :posted_at, :unsent)",
            {**submission, "author": author, "unsent": json.dumps(submission)},
        )
    written.set()
    answer = RedirectResponse(f"/#comment-{submission['external_id']}", 303)
    answer.set_cookie("blog_author", author, max_age=365 * 86_400, httponly=True, samesite="lax")
    return answer


async def send_forever() -> None:
    """Sending a comment twice is harmless: Gatepost answers a known `external_id` with the first comment."""
    headers = {"Authorization": f"Bearer {GATEPOST_KEY}", "Content-Type": "application/json"}
    unsent = "SELECT unsent FROM comment WHERE unsent IS NOT NULL ORDER BY rowid"
    async with httpx2.AsyncClient(base_url=GATEPOST_URL, headers=headers, timeout=10) as gatepost:
        while True:
            written.clear()
            try:
                for (submission,) in database.execute(unsent).fetchall():
                    answer = await gatepost.post("/v1/comments", content=submission)
                    if answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
                        # Wrong is this comment alone, the others must not wait for it.
                        log.error("Gatepost refuses a comment: %s", answer.text)
                        continue
                    record(answer.raise_for_status().json())
            except Exception as error:  # noqa: BLE001 -- whatever it is, this task must live to try again
                log.warning("Gatepost has not taken a comment, it waits: %r", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(written.wait(), RETRY_SECONDS)


# --- Receive: Gatepost's decision comes as a signed webhook. ---


def is_authentic(headers: Mapping[str, str], body: bytes) -> bool:
    """Standard Webhooks, scheme v1: HMAC-SHA256 over `id.timestamp.body`, with the body's bytes as they came."""
    timestamp = headers.get("webhook-timestamp", "")
    # An old request may be one that somebody has recorded.
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > 5 * 60:
        return False
    signed = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    expected = b"v1," + base64.b64encode(hmac.digest(WEBHOOK_KEY, signed, "sha256"))
    # While the secret is rotated there are two signatures. `==` would tell by its time how much of a guess was right.
    signatures = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected, signature.encode()) for signature in signatures)


@app.post("/gatepost-webhook", status_code=204)
async def receive_webhook(request: Request) -> None:
    body = await request.body()
    if not is_authentic(request.headers, body):
        raise HTTPException(401, "The signature does not fit.")
    event = json.loads(body)
    if event["type"].startswith("comment."):  # a `ping` wants nothing but the answer
        record(event["data"], request.headers["webhook-id"])


def record(state: Mapping[str, Any], webhook_id: str | None = None) -> None:
    """Keep what Gatepost says of a comment, unless the same webhook or a later word was here before."""
    with database:
        if webhook_id and not database.execute("INSERT OR IGNORE INTO webhook VALUES (?)", [webhook_id]).rowcount:
            return
        # Whatever it says, Gatepost has the comment.
        database.execute("UPDATE comment SET unsent = NULL WHERE id = :external_id", state)
        changed = database.execute(
            "UPDATE comment SET status = :status, sequence = :sequence"
            " WHERE id = :external_id AND sequence < :sequence",
            state,
        ).rowcount
    if changed:
        app.state.change.set()
        app.state.change = asyncio.Event()


# --- Show: everybody sees the approved comments, an author also their own that are undecided. ---


@app.get("/")
async def show_article(request: Request, blog_author: Annotated[str, Cookie()] = "") -> Response:
    return page("article.html", blog_author, referrer=request.headers.get("referer", ""), opened_at=int(time.time()))


@app.get("/comments")
async def show_comments(blog_author: Annotated[str, Cookie()] = "") -> Response:
    return page("comments.html", blog_author)


def page(template: str, author: str, **values: Any) -> Response:
    visible = "status = 'approved' OR (author = ? AND status IN ('pending', 'held'))"
    comments = database.execute(f"SELECT * FROM comment WHERE {visible} ORDER BY rowid", [author]).fetchall()
    html = templates.get_template(template).render(comments=comments, author=author, article=ARTICLE, **values)
    return HTMLResponse(html, headers=PAGE_HEADERS)


@app.get("/changes", response_class=EventSourceResponse)
async def stream_changes() -> AsyncIterator[ServerSentEvent]:
    """Tell a page that something changed, not what: it asks for the list again, as its own reader may see it."""
    while True:
        # Taken before the yield, so that a change while the page is being told is not missed.
        change = app.state.change
        yield ServerSentEvent(raw_data="changed")
        await change.wait()


if __name__ == "__main__":
    # Every open page holds a stream that never ends: a stop gives them a second and cuts them off.
    uvicorn.run(app, host="127.0.0.1", port=PORT, timeout_graceful_shutdown=1)
