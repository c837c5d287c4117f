"""Logging in and out of the console."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from service.console import auth
from service.core import errors, moderators
from service.core.db import Database
from service.core.models import ConsoleSession, LoginThrottle, Moderator, Site, utc_now
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app
from tests.console.conftest import ORIGIN
from tests.console.forms import QUEUE, csrf_token, log_in


def test_a_moderator_logs_in_and_sees_the_queue(visitor: TestClient, site: Site) -> None:
    answer = log_in(visitor)

    assert answer.url.path == QUEUE
    assert "<title>(0) Held" in answer.text
    assert "Mira" in answer.text


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(visitor: TestClient, site: Site) -> None:
    wrong = log_in(visitor, password="wrong")
    unknown = log_in(visitor, email="nobody@example.org")

    assert wrong.status_code == unknown.status_code == 403
    assert wrong.text == unknown.text.replace("nobody@", "mira@")
    assert not visitor.cookies


def test_nobody_sees_the_queue_without_logging_in(visitor: TestClient, site: Site) -> None:
    answer = visitor.get(f"{QUEUE}?site={site.id}", follow_redirects=False)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/console/login?next=%2Fconsole%2Fheld%3Fsite%3D{site.id}"


def test_logging_in_goes_on_to_the_page_that_was_wanted(visitor: TestClient, site: Site) -> None:
    answer = log_in(visitor, next=f"/console/held?site={site.id}")

    assert str(answer.url).endswith(f"/console/held?site={site.id}")


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/console/held",
        "//evil.example/console",
        "/\\evil.example",
        "/console/../v1/site",
        "/console/%2e%2e/v1/site",
        "/console@evil.example",
        "/consoles",
        "/console/held\r\nSet-Cookie: a=b",
        "/console/held\n",
        "javascript:alert(1)",
        "",
    ],
)
def test_next_cannot_leave_the_console(elsewhere: str) -> None:
    assert auth.inside(elsewhere) == QUEUE


def test_the_login_goes_to_the_queue_when_next_leads_elsewhere(visitor: TestClient, site: Site) -> None:
    assert "evil" not in visitor.get("/console/login?next=//evil.example").text

    answer = log_in(visitor, next="//evil.example")

    assert str(answer.url) == f"http://testserver{QUEUE}"


def test_logging_out_ends_the_session_at_the_server(mira: TestClient, db: Database) -> None:
    cookies = dict(mira.cookies)

    mira.post("/console/logout", data={"csrf_token": csrf_token(mira)})

    assert not mira.cookies
    with db.reading() as session:
        assert session.exec(select(ConsoleSession)).all() == []
    mira.cookies.update(cookies)
    assert mira.get(QUEUE).url.path == "/console/login"


def test_logging_in_again_ends_the_session_before(mira: TestClient, db: Database) -> None:
    log_in(mira)

    with db.reading() as session:
        assert len(session.exec(select(ConsoleSession)).all()) == 1


@pytest.mark.parametrize(("seen", "opened"), [(31, 31), (1, 12 * 60 + 1)], ids=["idle", "long"])
def test_a_session_ends_when_it_was_idle_or_open_for_too_long(
    mira: TestClient, db: Database, seen: int, opened: int
) -> None:
    with db.transaction() as session:
        row = session.exec(select(ConsoleSession)).one()
        row.seen_at = utc_now() - timedelta(minutes=seen)
        row.created_at = utc_now() - timedelta(minutes=opened)

    assert mira.get(QUEUE).url.path == "/console/login"


def test_a_page_that_is_looked_at_keeps_the_session_alive(mira: TestClient, db: Database) -> None:
    with db.transaction() as session:
        session.exec(select(ConsoleSession)).one().seen_at = utc_now() - timedelta(minutes=29)

    assert mira.get(QUEUE).url.path == QUEUE

    with db.reading() as session:
        assert utc_now() - session.exec(select(ConsoleSession)).one().seen_at < timedelta(minutes=1)


def test_a_disabled_moderator_is_out_at_once(mira: TestClient, db: Database) -> None:
    with db.transaction() as session:
        session.exec(select(Moderator)).one().disabled_at = utc_now()

    assert mira.get(QUEUE).url.path == "/console/login"
    assert log_in(mira).status_code == 403


def test_on_plain_http_the_cookie_is_one_that_browsers_take(visitor: TestClient, site: Site) -> None:
    cookie = log_in(visitor).history[0].headers["Set-Cookie"]

    assert cookie.startswith("gatepost=")
    assert cookie.partition("; ")[2] == "HttpOnly; Path=/; SameSite=lax"


def test_on_https_the_cookie_is_bound_to_the_host(migrated_url: str, site: Site) -> None:
    settings = Settings(database_url=migrated_url, public_url="https://gatepost.example", _env_file=None)
    app = build_app(settings, SilentBell())
    client = TestClient(app, base_url="https://gatepost.example", headers={"Origin": "https://gatepost.example"})

    answer = log_in(client)

    assert answer.url.path == QUEUE
    cookie = answer.history[0].headers["Set-Cookie"]
    assert cookie.startswith("__Host-gatepost=")
    assert cookie.partition("; ")[2] == "HttpOnly; Path=/; SameSite=lax; Secure"
    app.state.database.engine.dispose()


@pytest.mark.parametrize("email", ["", "mira\0@example.org", "m" * 321])
def test_what_is_no_address_is_refused_on_a_page(visitor: TestClient, site: Site, email: str) -> None:
    answer = log_in(visitor, email=email)

    assert answer.status_code in {400, 403}
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def test_after_five_failures_even_the_right_password_has_to_wait(visitor: TestClient, site: Site, db: Database) -> None:
    answers = [log_in(visitor, password="wrong").status_code for _ in range(5)]
    refused = log_in(visitor)

    assert answers == [403] * 5
    assert refused.status_code == 429
    assert "try again in 15 minutes" in refused.text
    assert not visitor.cookies
    with db.transaction() as session:
        for row in session.exec(select(LoginThrottle)):
            row.failed_at -= timedelta(minutes=16)
    assert log_in(visitor).url.path == QUEUE


def test_an_account_that_is_not_there_waits_like_one_that_is(visitor: TestClient, site: Site) -> None:
    there = [log_in(visitor, password="wrong") for _ in range(6)]
    nowhere = [log_in(visitor, email="nora@example.org") for _ in range(6)]

    for one, other in zip(there, nowhere, strict=True):
        assert one.status_code == other.status_code
        assert one.text == other.text.replace("nora@", "mira@")


def test_who_fails_from_another_address_keeps_nobody_out(app: FastAPI, visitor: TestClient, site: Site) -> None:
    attacker = TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, client=("198.51.100.1", 1))
    for _ in range(9):
        log_in(attacker, password="wrong")

    assert log_in(visitor).url.path == QUEUE


def test_a_login_that_found_no_room_counts_for_nothing(
    visitor: TestClient, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bool:
        raise errors.BusyError

    with monkeypatch.context() as patched:
        patched.setattr(moderators, "may_enter", busy)
        statuses = [log_in(visitor).status_code for _ in range(9)]

    assert statuses == [429] * 9
    assert log_in(visitor).url.path == QUEUE


def test_at_most_two_passwords_are_hashed_at_once(
    app: FastAPI, site: Site, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each costs 19 MiB."""
    at_once, most = 0, 0
    lock = threading.Lock()

    def verify(*_: object) -> bool:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        threading.Event().wait(0.01)
        with lock:
            at_once -= 1
        return False

    monkeypatch.setattr(moderators, "_HASHER", SimpleNamespace(verify=verify))
    monkeypatch.setattr(moderators, "_PATIENCE_SECONDS", 60)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda number: moderators.may_enter(None, str(number)), range(50)))

    assert most == 2
    assert answers == [False] * 50
