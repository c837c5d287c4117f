"""What keeps other sites' pages out of the console."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.core.db import Database
from service.core.models import Comment, Site, Status
from tests.console.conftest import ORIGIN, Hold
from tests.console.forms import EMAIL, PASSWORD, QUEUE, csrf_token, log_in
from tests.routes import mounts, operations

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://testserver.evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": ""},
]

# Forms of whoever is not logged in.
PUBLIC = {"/login", "/login/code", "/join", "/mail/decide", "/mail/undo", "/mail/unsubscribe"}
# Enough for the form of every route.
ANYTHING = {
    "sequence": "1",
    "category": "spam",
    "domain": "x.example",
    "word": "x",
    "words": "held_words",
    "what": "approve",
    "name": "x",
}


def status(db: Database, comment: Comment) -> Status:
    with db.reading() as session:
        return session.get_one(Comment, comment.id).status


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_decision_from_another_sites_page_is_refused(
    mira: TestClient, db: Database, site: Site, hold: Hold, headers: dict[str, str]
) -> None:
    comment = hold(site)
    form = {"csrf_token": csrf_token(mira), "sequence": comment.sequence}

    answer = mira.post(f"/console/comments/{comment.id}/approve", data=form, headers=headers)

    assert answer.status_code == 403
    assert status(db, comment) == Status.HELD


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_login_from_another_sites_page_is_refused(visitor: TestClient, site: Site, headers: dict[str, str]) -> None:
    answer = visitor.post("/console/login", data={"email": EMAIL, "password": PASSWORD}, headers=headers)

    assert answer.status_code == 403
    assert not visitor.cookies


@pytest.mark.parametrize("form", [{}, {"csrf_token": ""}, {"csrf_token": "é"}, {"csrf_token": "guessed"}], ids=str)
@pytest.mark.parametrize("path", ["/console/comments/{}/approve", "/console/comments/{}/reject", "/console/logout"])
def test_a_form_without_the_sessions_token_is_refused(
    mira: TestClient, db: Database, site: Site, hold: Hold, path: str, form: dict[str, str]
) -> None:
    comment = hold(site)

    answer = mira.post(path.format(comment.id), data={"sequence": comment.sequence, "category": "spam", **form})

    assert answer.status_code == 403
    assert status(db, comment) == Status.HELD
    assert mira.get(QUEUE).url.path == QUEUE


def test_a_browser_that_tells_its_fetch_site_needs_no_origin(mira: TestClient) -> None:
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}

    answer = mira.post("/console/logout", data={"csrf_token": csrf_token(mira)}, headers=headers)

    assert answer.url.path == "/console/login"
    assert answer.status_code == 200


def test_nothing_is_decided_by_following_a_link(mira: TestClient, site: Site, hold: Hold) -> None:
    comment = hold(site)

    assert mira.get(f"/console/comments/{comment.id}/approve").status_code == 405


@pytest.mark.parametrize(
    "path",
    ["/", "/console", "/console/", QUEUE, "/console/login", "/console/nothing", "/console/static/console.css"],
)
def test_every_answer_carries_the_headers(mira: TestClient, path: str) -> None:
    answer = mira.get(path, follow_redirects=False)

    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_an_error_nobody_foresaw_is_a_page_with_the_headers(app: FastAPI, db: Database, site: Site, hold: Hold) -> None:
    client = TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, raise_server_exceptions=False)
    comment = hold(site)
    with db.transaction() as session:
        session.get_one(Comment, comment.id).verdict = {"decision": "perhaps"}

    answer = log_in(client)

    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_way_to_the_console_starts_at_the_root(mira: TestClient) -> None:
    assert mira.get("/").url.path == QUEUE


def test_every_route_that_changes_something_wants_the_sessions_token(
    app: FastAPI, mira: TestClient, site: Site, hold: Hold
) -> None:
    comment = hold(site)
    known: dict[str, object] = {"site_id": site.id, "switch": "blur", "version": 1}
    others = ("comment_id", "view_id", "key_id", "endpoint_id", "delivery_id", "token_hash", "moderator_id")
    known.update(dict.fromkeys(others, comment.id))
    console = mounts(app)["/console"].app.app  # type: ignore[attr-defined]
    unsafe = [path for method, path in operations(console) if method != "GET" and path not in PUBLIC]

    for path in unsafe:
        answer = mira.post(f"/console{path.format(**known)}", data={**ANYTHING, "csrf_token": "guessed"})
        assert answer.status_code == 403, path

    assert len(unsafe) > 10
