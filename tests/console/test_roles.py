"""Who may do what in the console: every route with every kind of visitor."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.core import moderators
from service.core.db import Database
from service.core.models import Comment, Role, Site, Status
from service.core.queues import Queue
from tests.console.conftest import Hold
from tests.console.forms import EMAIL, csrf_token, log_in
from tests.routes import mounts, operations

# The lowest role that each route needs, and the fields of its form; a new route is listed here or the test fails.
# Not given: whoever is logged in.
ROUTES: dict[tuple[str, str], tuple[Role | None, dict[str, Any]]] = {
    ("GET", "/"): (None, {}),
    **{("GET", f"/{queue}"): (Role.VIEWER, {}) for queue in Queue},
    ("GET", "/comments/{comment_id}"): (Role.VIEWER, {}),
    ("GET", "/live"): (Role.VIEWER, {}),
    ("GET", "/insights"): (Role.MODERATOR, {}),
    ("GET", "/thresholds"): (Role.MODERATOR, {}),
    ("POST", "/sites/{site_id}/threshold"): (Role.ADMIN, {"label": "insult", "at": 80}),
    ("POST", "/sites/{site_id}/shadow"): (Role.ADMIN, {"label": "insult", "at": 80}),
    ("GET", "/sites"): (None, {}),
    ("GET", "/sites/{site_id}"): (Role.ADMIN, {}),
    ("POST", "/sites/{site_id}"): (Role.ADMIN, {"undo_seconds": 20}),
    **{("GET", f"/sites/{{site_id}}/{tab}"): (Role.ADMIN, {}) for tab in ("keys", "webhooks", "rules", "people")},
    ("POST", "/sites/{site_id}/keys"): (Role.ADMIN, {}),
    ("POST", "/sites/{site_id}/akismet-keys"): (Role.ADMIN, {}),
    ("POST", "/sites/{site_id}/coral-keys"): (Role.ADMIN, {"secret": "Coral's own"}),
    ("POST", "/sites/{site_id}/rules"): (Role.ADMIN, {"rules": "{}"}),
    ("POST", "/sites/{site_id}/rules/preview"): (Role.ADMIN, {"version": 1}),
    ("POST", "/sites/{site_id}/rules/{version}/restore"): (Role.ADMIN, {}),
    ("POST", "/sites/{site_id}/people"): (Role.ADMIN, {"email": "noor@example.org", "role": "viewer"}),
    ("GET", "/audit"): (Role.MODERATOR, {}),
    ("GET", "/audit.csv"): (Role.MODERATOR, {}),
    ("GET", "/preferences"): (None, {}),
    ("POST", "/preferences"): (None, {}),
    ("POST", "/preferences/{switch}"): (None, {}),
    ("GET", "/account"): (None, {}),
    ("GET", "/account/second-factor"): (None, {}),
    ("POST", "/account/second-factor"): (None, {}),
    ("POST", "/views"): (None, {"name": "Mine"}),
    ("POST", "/comments/{comment_id}/escalate"): (Role.MODERATOR, {}),
    ("POST", "/comments/{comment_id}/ask"): (Role.MODERATOR, {}),
    ("POST", "/comments/{comment_id}/trust"): (Role.MODERATOR, {}),
    ("POST", "/comments/{comment_id}/block"): (Role.MODERATOR, {}),
    ("POST", "/comments/{comment_id}/ban"): (Role.MODERATOR, {"domain": "pills.example"}),
    ("POST", "/comments/{comment_id}/word"): (Role.MODERATOR, {"word": "pills", "words": "held_words"}),
    ("POST", "/undo"): (None, {}),
    # Each looks at what the moderator may decide, and leaves the rest as it is.
    ("POST", "/bulk/preview"): (None, {"what": "approve"}),
    ("POST", "/bulk"): (None, {"what": "approve"}),
    ("POST", "/comments/{comment_id}/approve"): (Role.MODERATOR, {}),
    ("POST", "/comments/{comment_id}/reject"): (Role.MODERATOR, {"category": "spam"}),
    ("POST", "/mail/digests"): (None, {}),
    ("POST", "/logout"): (None, {}),
}
# Of one moderator alone: `test_views.py`.
PERSONAL = {
    ("POST", "/views/{view_id}/remove"),
    # `test_account.py`, `test_second_factor.py`.
    ("POST", "/account/password"),
    ("POST", "/account/sessions/end-others"),
    ("POST", "/account/sessions/{token_hash}/end"),
    *(("POST", f"/account/second-factor/{do}") for do in ("on", "off", "recovery-codes")),
}
# Of whoever is an admin at every site: `test_sites.py`.
OF_THE_INSTALLATION = {("POST", "/sites")}
# About one thing of a site, which only its admin finds: `test_administration.py`.
ABOUT_ONE = {
    ("POST", "/sites/{site_id}/keys/{key_id}/revoke"),
    ("POST", "/sites/{site_id}/webhooks"),
    *(("POST", f"/sites/{{site_id}}/webhooks/{{endpoint_id}}/{do}") for do in ("ping", "rotate", "enable", "remove")),
    ("POST", "/sites/{site_id}/deliveries/{delivery_id}/redeliver"),
    ("POST", "/sites/{site_id}/invitations/{token_hash}/withdraw"),
    ("POST", "/sites/{site_id}/people/{moderator_id}/role"),
    ("POST", "/sites/{site_id}/people/{moderator_id}/remove"),
    ("POST", "/sites/{site_id}/people/{moderator_id}/second-factor/reset"),
    ("POST", "/sites/{site_id}/people/{moderator_id}/sessions/end"),
}
# Whoever comes may ask these.
PUBLIC = {("GET", "/login"), ("POST", "/login"), ("POST", "/login/code"), ("GET", "/join"), ("POST", "/join")}
# Whoever holds a mail's link may follow it: `test_by_mail.py`.
BY_MAIL = {
    *((method, f"/mail/{page}") for method in ("GET", "POST") for page in ("decide", "unsubscribe")),
    ("POST", "/mail/undo"),
}
# What shows one site alone when it is asked to.
OF_A_SITE = {*(f"/{queue}" for queue in Queue), "/live", "/audit", "/audit.csv", "/insights", "/thresholds"}

Send = Callable[[tuple[str, str]], int]


@pytest.fixture
def comment(site: Site, hold: Hold) -> Comment:
    return hold(site, text="Pills: https://pills.example", author_email="carl@example.org")


@pytest.fixture
def enter(visitor: TestClient, db: Database, site: Site, comment: Comment) -> Callable[[Role | None], Send]:
    """Logs a moderator in who has this role at the site, or is another site's; gives back what sends requests."""

    def enter(role: Role | None) -> Send:
        with db.transaction() as session:
            mira = moderators.get(session, EMAIL)
            if role is None:
                moderators.leave(session, mira, site.id)
            else:
                moderators.join(session, mira, site.id, role)
        log_in(visitor)
        token = csrf_token(visitor)
        return lambda route: _send(visitor, route, comment, site, token)

    return enter


def _send(client: TestClient, route: tuple[str, str], comment: Comment, site: Site, token: str) -> int:
    method, path = route
    address = "/console" + path.format(comment_id=comment.id, site_id=site.id, version=1, switch="blur")
    known = {"csrf_token": token, "sequence": comment.sequence, "pick": f"{comment.id}:{comment.sequence}"}
    form = {**known, **ROUTES[route][1]} if method == "POST" else None
    query = {"site": str(site.id), "since": "2026-01-01T00:00:00Z"} if path in OF_A_SITE else None
    return client.request(method, address, params=query, data=form, follow_redirects=False).status_code


def test_every_route_of_the_console_is_listed_here(app: FastAPI) -> None:
    # Behind the middleware that puts the headers on every answer.
    console = mounts(app)["/console"].app.app  # type: ignore[attr-defined]

    assert operations(console) == ROUTES.keys() | PUBLIC | BY_MAIL | PERSONAL | OF_THE_INSTALLATION | ABOUT_ONE
    assert mounts(console).keys() == {"/static"}


def test_without_a_login_every_route_leads_to_it(
    visitor: TestClient, db: Database, site: Site, comment: Comment
) -> None:
    for route in ROUTES:
        assert _send(visitor, route, comment, site, "guessed") in {303, 307}, route

    with db.reading() as session:
        assert session.get_one(Comment, comment.id).status == Status.HELD


@pytest.mark.parametrize("role", Role)
def test_a_moderator_may_do_what_their_role_says_and_no_more(
    enter: Callable[[Role | None], Send], db: Database, comment: Comment, role: Role
) -> None:
    send = enter(role)

    for route, (needed, _) in ROUTES.items():
        status = send(route)
        allowed = needed is None or role.includes(needed)
        assert status in ({200, 303, 307} if allowed else {403}), (route, status)

    with db.reading() as session:
        assert (session.get_one(Comment, comment.id).status == Status.HELD) is (role == Role.VIEWER)


def test_another_site_s_moderator_finds_nothing(
    enter: Callable[[Role | None], Send], db: Database, comment: Comment
) -> None:
    send = enter(None)

    for route, (needed, _) in ROUTES.items():
        status = send(route)
        assert status in ({404} if needed else {200, 303, 307}), (route, status)

    with db.reading() as session:
        assert session.get_one(Comment, comment.id).status == Status.HELD


def test_a_viewer_is_shown_no_buttons_to_decide(visitor: TestClient, db: Database, site: Site, hold: Hold) -> None:
    hold(site)
    log_in(visitor)
    decides = '/approve"' in visitor.get("/console/held").text
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.VIEWER)

    page = visitor.get("/console/held").text

    assert decides
    assert "You idiots!" in page
    assert '/approve"' not in page
    assert "/bulk" not in page


def test_a_role_counts_at_its_own_site_alone(
    visitor: TestClient, db: Database, site: Site, other_site: Site, hold: Hold
) -> None:
    with db.transaction() as session:
        mira = moderators.get(session, EMAIL)
        moderators.join(session, mira, site.id, Role.VIEWER)
        moderators.join(session, mira, other_site.id, Role.ADMIN)
    here, there = hold(site), hold(other_site)
    log_in(visitor)
    token = csrf_token(visitor)

    approve = ("POST", "/comments/{comment_id}/approve")
    assert _send(visitor, approve, here, site, token) == 403
    assert _send(visitor, approve, there, other_site, token) == 303
