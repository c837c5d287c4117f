"""The second factor in the console: set up, asked for at the login, switched off, demanded."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import SecretStr
from sqlmodel import select

from service.core import console_sessions, moderators, second_factors
from service.core.db import Database
from service.core.models import ConsoleSession, Moderator, PendingLogin, Role, Site
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app
from tests.console import authenticator
from tests.console.authenticator import PAGE, give_code
from tests.console.conftest import ORIGIN
from tests.console.forms import EMAIL, PASSWORD, QUEUE, csrf_token, log_in
from tests.secret_keys import SECRET_KEYS

RECOVERY_CODE = re.compile(r"<code>([a-z2-7]{6}(?:-[a-z2-7]{6}){3})</code>")


@pytest.fixture
def moderator(site: Site, db: Database) -> Moderator:
    with db.reading() as session:
        return moderators.get(session, EMAIL)


def send(client: TestClient, path: str = "", **fields: str) -> Response:
    page = client.get(PAGE).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return client.post(PAGE + path, data={"csrf_token": found[1], **fields}, follow_redirects=False)


def set_up(client: TestClient) -> Response:
    """The page with the recovery codes."""
    send(client)
    return send(
        client, "/on", password=PASSWORD, code=authenticator.code(authenticator.secret_on(client.get(PAGE).text))
    )


@pytest.fixture
def secret(mira: TestClient, moderator: Moderator, db: Database) -> str:
    """Mira has a second factor, and has logged out; of no code was used."""
    set_up(mira)
    mira.post("/console/logout", data={"csrf_token": csrf_token(mira)})
    authenticator.forget_steps(db, moderator)
    return authenticator.secret_of(db, moderator)


@pytest.fixture(params=["admins", "all"])
def strict(request: pytest.FixtureRequest, migrated_url: str, site: Site) -> Iterator[TestClient]:
    """The browser of a visitor of a Gatepost that demands second factors."""
    keys = SecretStr(SECRET_KEYS)
    settings = Settings(database_url=migrated_url, secret_keys=keys, second_factor=request.param, _env_file=None)
    app = build_app(settings, SilentBell())
    yield TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN})
    app.state.database.engine.dispose()


def test_it_is_on_after_one_right_code_and_shows_ten_recovery_codes_once(
    mira: TestClient, moderator: Moderator, db: Database
) -> None:
    page = set_up(mira)

    codes = RECOVERY_CODE.findall(page.text)
    assert len(set(codes)) == 10
    again = mira.get(PAGE).text
    assert "10 recovery codes are left." in again
    assert not RECOVERY_CODE.findall(again)
    with db.reading() as session:
        assert second_factors.is_on(session, moderator.id)


def test_the_code_to_scan_stands_beside_the_letters(mira: TestClient) -> None:
    send(mira)
    page = mira.get(PAGE).text

    assert re.search(r'<svg class="scannable" viewBox="0 0 (\d+) \1" role="img"', page)
    assert re.search(r'<path d="(M\d+ \d+h\d+v1h-\d+z){200,}"/>', page)
    assert len(authenticator.secret_on(page)) == 32


@pytest.mark.parametrize(
    ("password", "code"),
    [(PASSWORD, ""), (PASSWORD, "000000"), (PASSWORD, "\0"), (PASSWORD, "é"), ("wrong", None), ("", None)],
)
def test_a_wrong_code_or_password_leaves_it_off_and_the_secret_as_it_is(
    mira: TestClient, moderator: Moderator, db: Database, password: str, code: str | None
) -> None:
    """Whoever sits at a browser that was left open could keep its owner out."""
    send(mira)
    secret = authenticator.secret_of(db, moderator)

    refused = send(mira, "/on", password=password, code=authenticator.code(secret) if code is None else code)

    assert refused.status_code == 403
    assert authenticator.secret_on(refused.text) == secret
    with db.reading() as session:
        assert not second_factors.is_on(session, moderator.id)


def test_switching_it_on_renews_the_session_and_ends_the_others(
    mira: TestClient, visitor: TestClient, app: FastAPI, db: Database
) -> None:
    elsewhere = TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN})
    log_in(elsewhere)
    before = dict(mira.cookies)

    set_up(mira)

    assert dict(mira.cookies) != before
    assert mira.get(QUEUE).url.path == QUEUE
    assert elsewhere.get(QUEUE).url.path == "/console/login"
    with db.reading() as session:
        assert len(session.exec(select(ConsoleSession)).all()) == 1


def test_the_password_alone_opens_nothing_and_the_code_leads_where_it_was_to_go(mira: TestClient, secret: str) -> None:
    asked = log_in(mira, next="/console/audit")
    assert asked.status_code == 200
    assert not mira.cookies
    assert mira.get(QUEUE).url.path == "/console/login"

    answer = give_code(mira, asked, authenticator.code(secret))

    assert answer.url.path == "/console/audit"
    assert mira.get(QUEUE).url.path == QUEUE


def test_a_wrong_password_is_told_before_any_code_is_asked_for(mira: TestClient, secret: str, db: Database) -> None:
    answer = log_in(mira, password="wrong")

    assert answer.status_code == 403
    assert 'name="pending"' not in answer.text
    with db.reading() as session:
        assert session.exec(select(PendingLogin)).all() == []


def test_a_code_logs_in_once(mira: TestClient, secret: str, app: FastAPI) -> None:
    code = authenticator.code(secret)
    thief = TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN})

    first = give_code(mira, log_in(mira), code)
    second = give_code(thief, log_in(thief), code)

    assert first.url.path == QUEUE
    assert second.status_code == 403
    assert not thief.cookies


def test_a_finished_login_is_not_finished_again(mira: TestClient, secret: str) -> None:
    asked = log_in(mira)
    give_code(mira, asked, authenticator.code(secret))
    mira.cookies.clear()

    again = give_code(mira, asked, authenticator.code(secret, 1))

    assert again.url.path == "/console/login"
    assert not mira.cookies


def test_a_recovery_code_logs_in_once(mira: TestClient, moderator: Moderator) -> None:
    [code, *_] = RECOVERY_CODE.findall(set_up(mira).text)

    answers = [give_code(mira, log_in(mira), code) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert answers[0].url.path == QUEUE
    assert "9 recovery codes are left." in mira.get(PAGE).text
    assert "Recovery code used" in mira.get("/console/account").text


def test_codes_are_throttled_and_the_right_password_forgives_no_wrong_code(
    mira: TestClient, secret: str, app: FastAPI
) -> None:
    """Else who has the password could try codes for as long as they like."""
    elsewhere = TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, client=("198.51.100.1", 1))
    browsers = (mira, elsewhere, mira, elsewhere, mira)

    statuses = [give_code(browser, log_in(browser), "000000").status_code for browser in browsers]
    late = give_code(elsewhere, log_in(elsewhere), authenticator.code(secret))

    assert statuses == [403] * 5
    assert late.status_code == 429
    assert "try again in 15 minutes" in late.text
    assert not elsewhere.cookies


def test_a_code_from_another_sites_page_is_refused(mira: TestClient, secret: str) -> None:
    asked = log_in(mira)
    mira.headers["Origin"] = "https://evil.example"

    assert give_code(mira, asked, authenticator.code(secret)).status_code == 403
    assert not mira.cookies


@pytest.mark.parametrize("what", ["off", "recovery-codes"])
@pytest.mark.parametrize(("password", "right_code"), [("wrong", True), (PASSWORD, False), ("", False)])
def test_password_and_code_are_both_needed_for_a_change(
    mira: TestClient, moderator: Moderator, db: Database, what: str, password: str, *, right_code: bool
) -> None:
    set_up(mira)
    authenticator.forget_steps(db, moderator)
    code = authenticator.code(authenticator.secret_of(db, moderator)) if right_code else "000000"

    refused = send(mira, f"/{what}", password=password, code=code)

    assert refused.status_code == 403
    assert 'role="alert"' in refused.text
    assert not RECOVERY_CODE.findall(refused.text)
    with db.reading() as session:
        assert second_factors.is_on(session, moderator.id)


def test_it_is_switched_off_with_both_and_other_sessions_end(
    mira: TestClient, moderator: Moderator, db: Database
) -> None:
    set_up(mira)
    authenticator.forget_steps(db, moderator)
    with db.transaction() as session:
        console_sessions.begin(session, moderator)

    answer = send(mira, "/off", password=PASSWORD, code=authenticator.code(authenticator.secret_of(db, moderator)))

    assert answer.status_code == 303
    assert mira.get(QUEUE).url.path == QUEUE
    with db.reading() as session:
        assert not second_factors.is_on(session, moderator.id)
        assert len(session.exec(select(ConsoleSession)).all()) == 1
    assert log_in(mira).url.path == QUEUE


def test_new_recovery_codes_are_shown_once(mira: TestClient, moderator: Moderator, db: Database) -> None:
    [old, *_] = RECOVERY_CODE.findall(set_up(mira).text)

    page = send(mira, "/recovery-codes", password=PASSWORD, code=old).text

    codes = RECOVERY_CODE.findall(page)
    assert len(codes) == 10
    assert old not in codes
    assert not RECOVERY_CODE.findall(mira.get(PAGE).text)


def test_where_it_is_demanded_nothing_else_is_open_until_it_is_on(strict: TestClient, site: Site, db: Database) -> None:
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.ADMIN)
    log_in(strict)

    led = [
        strict.get(path).url.path for path in (QUEUE, "/console/account", f"/console/sites/{site.id}", "/console/live")
    ]
    page = strict.get(PAGE).text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    posted = strict.post("/console/preferences", data={"csrf_token": token}, follow_redirects=False)

    assert led == [PAGE] * 4
    assert "asks for a second factor" in page
    assert 'href="/console/insights"' not in page
    assert (posted.status_code, posted.headers["Location"]) == (303, PAGE)
    set_up(strict)
    assert strict.get(QUEUE).url.path == QUEUE


def test_who_lacks_it_can_still_log_out(strict: TestClient, site: Site, db: Database) -> None:
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.ADMIN)
    log_in(strict)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', strict.get(PAGE).text)[0]

    assert strict.post("/console/logout", data={"csrf_token": token}).url.path == "/console/login"


def test_where_admins_need_it_a_moderator_does_not(strict: TestClient, site: Site) -> None:
    demanded = strict.app.state.settings.second_factor == "all"  # type: ignore[attr-defined]

    assert (log_in(strict).url.path == PAGE) is demanded
