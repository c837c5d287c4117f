"""A moderator's work in a real browser, under the policy that the pages declare."""

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from service.core.db import Database
from service.core.models import Category, Comment, Site, Status
from tests.console.conftest import Hold
from tests.console.forms import EMAIL, PASSWORD
from tests.servers import ports
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    # Chromium refuses its sandbox to root, who runs many a CI.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Window:
    """A page and everything that its console has said."""

    page: Page
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    """The app behind a real server."""
    port = ports.find_free()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def context(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=address, java_script_enabled=request.param)
    yield context
    context.close()


def open_window(context: BrowserContext) -> Window:
    window = Window(context.new_page())
    window.page.on("console", lambda message: window.said.append(message.text))
    window.page.on("pageerror", lambda error: window.said.append(str(error)))
    return window


def log_in(page: Page) -> None:
    page.goto("/")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def test_a_moderator_empties_the_queue(context: BrowserContext, db: Database, site: Site, hold: Hold) -> None:
    kind = hold(site, text="You idiots, said my aunt, and <script>alert(1)</script> laughed.", author_name="Aiko")
    spam = hold(site, text="Cheap pills", author_name="Best offers")
    window = open_window(context)
    page = window.page

    log_in(page)
    expect(page).to_have_title(re.compile(r"^\(2\) Held"))
    page.get_by_role("article").filter(has_text="Aiko").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_have_text("Approved: the comment by Aiko.")
    expect(page.get_by_role("article")).to_have_count(1)
    page.get_by_role("button", name="Reject as spam").click()
    expect(page.get_by_role("heading", name="Nothing is waiting for you.")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()

    with db.reading() as session:
        assert session.get_one(Comment, kind.id).status == Status.APPROVED
        assert session.get_one(Comment, spam.id).category == Category.SPAM
    assert window.said == []


def test_the_keys_decide_the_card_in_focus(
    browser: Browser, address: str, db: Database, site: Site, hold: Hold
) -> None:
    first, second, third = (hold(site, author_name=name) for name in ("One", "Two", "Three"))
    context = browser.new_context(base_url=address)
    window = open_window(context)

    log_in(window.page)
    expect(window.page.get_by_role("article")).to_have_count(3)
    # The cards are there before the script that listens for keys.
    window.page.wait_for_load_state("load")
    for key in "jjt":
        window.page.keyboard.press(key)
    expect(window.page.get_by_role("status")).to_contain_text("Rejected as toxic: the comment by Two.")
    expect(window.page.get_by_role("article", name="Three")).to_be_focused()
    window.page.keyboard.press("a")
    expect(window.page.get_by_role("status")).to_contain_text("Approved: the comment by Three.")

    with db.reading() as session:
        statuses = [session.get_one(Comment, one.id).status for one in (first, second, third)]
    assert statuses == [Status.HELD, Status.REJECTED, Status.APPROVED]
    assert window.said == []
    context.close()
