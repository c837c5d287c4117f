"""A second factor in a real browser, from its set-up to a login with it; and what a screen reader finds on the way."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from service.core import invitations, moderators
from service.core.db import Database
from service.core.models import Role, Site
from tests.console import authenticator, browsing
from tests.console.browsing import Window, open_window
from tests.console.forms import EMAIL, PASSWORD
from tests.console.test_browser import violations

# What a page shows does not depend on where its rows are: once is enough.
pytestmark = [pytest.mark.alone, pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)]


@pytest.fixture
def window(app: FastAPI, site: Site, db: Database) -> Iterator[Window]:
    """Of an admin of the only site, who has not logged in."""
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.ADMIN)
    with browsing.serving(app) as address, sync_playwright() as playwright, browsing.chromium(playwright) as browser:
        context: BrowserContext = browser.new_context(base_url=address)
        yield open_window(context)
        context.close()


def look(page: Page, found: list[str]) -> None:
    """Add what axe finds on the page, in light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{page.title()}, {scheme}: {said}" for said in violations(page)]


def test_a_second_factor_is_set_up_and_logs_in(window: Window, site: Site, db: Database) -> None:
    page, found = window.page, list[str]()
    browsing.log_in(page, EMAIL, PASSWORD)
    page.get_by_role("link", name="Mira").click()
    look(page, found)
    page.get_by_role("link", name="Set up").click()
    look(page, found)
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("img", name="The code to scan")).to_be_visible()
    look(page, found)
    secret = authenticator.secret_on(page.content())
    page.get_by_label("The six digits").fill(authenticator.code(secret))
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".recovery li")).to_have_count(10)
    recovery_code = page.locator(".recovery li").first.inner_text()
    look(page, found)
    page.get_by_role("link", name="I have kept them").click()
    page.get_by_role("link", name="Change").click()
    look(page, found)
    page.get_by_role("button", name="Log out").click()

    # One step ahead: the code of this one was used.
    for code in (authenticator.code(secret, 1), recovery_code):
        page.locator("#email").fill(EMAIL)
        page.locator("#password").fill(PASSWORD)
        page.locator("button.primary").click()
        look(page, found)
        page.locator("#code").fill(code)
        page.locator("button.primary").click()
        expect(page.get_by_role("heading", name="Nothing is waiting for you.")).to_be_visible()
        page.get_by_role("button", name="Log out").click()

    assert found == []
    assert window.said == []


def test_axe_finds_nothing_where_sites_keys_and_people_are_made(window: Window, site: Site, db: Database) -> None:
    page, found = window.page, list[str]()
    with db.transaction() as session:
        token = invitations.invite(session, site.id, "noor@example.org", Role.VIEWER, "operator")
    page.goto(f"/console/join?{urlencode({'token': token})}")
    look(page, found)
    browsing.log_in(page, EMAIL, PASSWORD)
    page.goto("/console/sites")
    look(page, found)
    page.get_by_label("Its name").fill("Quiet walks")
    page.get_by_role("button", name="Make a site").click()
    expect(page.get_by_role("heading", name="The next step")).to_be_visible()
    look(page, found)
    page.get_by_label("The blog's address").fill("https://blog.example.org")
    page.get_by_role("button", name="Make an Akismet key").click()
    look(page, found)
    page.get_by_label("The signing secret").fill("Coral's own")
    page.get_by_role("button", name="Make the callback URL").click()
    look(page, found)

    assert found == []
    assert window.said == []
