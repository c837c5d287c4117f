"""A moderator's own account in the console: password and sessions."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from service.console import browsers
from service.core.db import Database
from service.core.models import Site
from tests.console.conftest import ORIGIN
from tests.console.forms import PASSWORD, QUEUE, csrf_token, log_in

PAGE = "/console/account"
NEW = "another long password"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def send(client: TestClient, path: str, **fields: str) -> Response:
    return client.post(PAGE + path, data={"csrf_token": csrf_token(client), "at": PAGE, **fields})


@pytest.fixture
def elsewhere(app: FastAPI, mira: TestClient) -> TestClient:
    """Mira's other browser."""
    headers = {"Origin": ORIGIN, "User-Agent": FIREFOX}
    client = TestClient(app, base_url=ORIGIN, headers=headers, client=("203.0.113.77", 1))
    log_in(client)
    return client


def is_in(client: TestClient) -> bool:
    return client.get(QUEUE).url.path == QUEUE


def test_the_sessions_are_told_apart_and_of_an_address_the_network_is_shown(
    mira: TestClient, elsewhere: TestClient
) -> None:
    page = mira.get(PAGE).text

    assert "Firefox on Linux" in page
    assert "<td>203.0.113.0/24</td>" in page
    assert "203.0.113.77" not in page
    assert page.count("this one") == 1


def test_one_session_is_ended(mira: TestClient, elsewhere: TestClient) -> None:
    [path] = re.findall(r'formaction="/console/account(/sessions/\w+/end)"', mira.get(PAGE).text)

    refused = send(mira, path, password="wrong")
    still = is_in(elsewhere)
    send(mira, path, password=PASSWORD)

    assert (refused.status_code, still) == (403, True)
    assert [is_in(client) for client in (mira, elsewhere)] == [True, False]


def test_all_others_are_ended_and_that_is_written_down(mira: TestClient, elsewhere: TestClient) -> None:
    refused = send(mira, "/sessions/end-others", password="wrong")
    still = is_in(elsewhere)
    send(mira, "/sessions/end-others", password=PASSWORD)

    assert (refused.status_code, still) == (403, True)
    assert [is_in(client) for client in (mira, elsewhere)] == [True, False]
    assert "Logged out everywhere" in mira.get(PAGE).text


def test_a_session_that_is_nobody_s_is_not_ended(mira: TestClient) -> None:
    assert send(mira, "/sessions/guessed/end", password=PASSWORD).status_code == 404


def test_a_new_password_needs_the_old_one_and_ends_other_sessions(mira: TestClient, elsewhere: TestClient) -> None:
    before = dict(mira.cookies)

    answer = send(mira, "/password", password=PASSWORD, new=NEW)

    assert answer.url.path == PAGE
    assert "Your password has changed." in answer.text
    assert "Password changed" in answer.text
    assert dict(mira.cookies) != before
    assert [is_in(client) for client in (mira, elsewhere)] == [True, False]
    assert [log_in(elsewhere, password=one).status_code for one in (PASSWORD, NEW)] == [403, 200]


@pytest.mark.parametrize(
    ("password", "new", "told"),
    [
        ("wrong", NEW, "This is not your password."),
        ("", NEW, "This is not your password."),
        (PASSWORD, "too short", "A password has 12 to 1,000 characters."),
        (PASSWORD, "x" * 1001, "A password has 12 to 1,000 characters."),
    ],
)
def test_what_does_not_fit_changes_nothing(
    mira: TestClient, elsewhere: TestClient, password: str, new: str, told: str
) -> None:
    answer = send(mira, "/password", password=password, new=new)

    assert answer.status_code == 403
    assert told in answer.text
    assert [is_in(client) for client in (mira, elsewhere)] == [True, True]


def test_the_old_password_cannot_be_guessed_for_long(mira: TestClient) -> None:
    answers = [send(mira, "/password", password="wrong", new=NEW).text for _ in range(5)]
    late = send(mira, "/password", password=PASSWORD, new=NEW).text

    assert all("This is not your password." in answer for answer in answers)
    assert "try again in 15 minutes" in late


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, ("Firefox", "Linux")),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", ("Chrome", "Windows")),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15) AppleWebKit/605 Version/19 Safari/605", ("Safari", "Mac")),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19) AppleWebKit/605 CriOS/140 Mobile Safari/604", ("Chrome", "iPhone")),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537 Chrome/140 Mobile Safari/537", ("Chrome", "Android")),
        ("<script>", (browsers.UNKNOWN, "")),
        ("", (browsers.UNKNOWN, "")),
    ],
)
def test_a_browser_is_named_by_what_it_calls_itself(user_agent: str, words: tuple[str, str]) -> None:
    assert browsers.named(user_agent) == words


def test_who_sends_no_form_of_their_own_changes_nothing(mira: TestClient, site: Site, db: Database) -> None:
    form = {"csrf_token": "guessed", "password": PASSWORD, "new": NEW}

    assert mira.post(f"{PAGE}/password", data=form).status_code == 403
    assert log_in(mira).status_code == 200
