"""A moderator's work in a real browser, under the policy that the pages declare."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlmodel import select

from service.core import comments, moderators, reports, sites
from service.core.db import Database
from service.core.mail import letters, links
from service.core.models import Category, Comment, Moderator, SavedView, Site, Status
from service.core.policy import Span
from service.core.reports import Complaint
from tests.console import browsing, hostile, sample
from tests.console.browsing import open_window
from tests.console.conftest import Hold
from tests.console.forms import EMAIL, PASSWORD
from tests.servers.waiting import eventually

pytestmark = pytest.mark.alone

PAGES = (
    "/console/held",
    "/console/held?rule=toxicity&sort=worst&q=idiots",
    "/console/asked",
    "/console/reported",
    "/console/checks",
    "/console/approved",
    "/console/rejected",
    "/console/all",
    "/console/audit",
    "/console/insights?days=7",
    "/console/thresholds?at=80",
    "/console/preferences",
    "/console/account",
    "/console/account/second-factor",
    "/console/sites",
)
TABS = ("", "/keys", "/webhooks", "/rules", "/people")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, browsing.chromium(playwright) as browser:
        yield browser


@pytest.fixture
def address(app: FastAPI) -> Iterator[str]:
    with browsing.serving(app) as address:
        yield address


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def context(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=address, java_script_enabled=request.param)
    yield context
    context.close()


@pytest.fixture
def scripted(browser: Browser, address: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=address)
    yield context
    context.close()


def log_in(page: Page) -> None:
    browsing.log_in(page, EMAIL, PASSWORD)
    # The cards are there before the script that listens for keys.
    page.wait_for_load_state("load")


def status(db: Database, comment: Comment) -> Status:
    with db.reading() as session:
        return session.get_one(Comment, comment.id).status


def test_a_moderator_empties_the_queue(context: BrowserContext, db: Database, site: Site, hold: Hold) -> None:
    kind = hold(site, text="You idiots, said my aunt, and <script>alert(1)</script> laughed.", author_name="Aiko")
    spam = hold(site, text="Cheap pills", author_name="Best offers")
    window = open_window(context)
    page = window.page

    log_in(page)
    expect(page).to_have_title(re.compile(r"^\(2\) Held"))
    page.get_by_role("article").filter(has_text="Aiko").get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status")).to_contain_text("Approved: the comment by Aiko.")
    page.get_by_role("article").filter(has_text="Best offers").get_by_role("button", name="Reject as spam").click()
    expect(page.get_by_role("status")).to_contain_text("Rejected (spam): the comment by Best offers.")
    page.goto("/console/held")
    expect(page.get_by_role("heading", name="Nothing is waiting for you.")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()

    assert status(db, kind) == Status.APPROVED
    with db.reading() as session:
        assert session.get_one(Comment, spam.id).category == Category.SPAM
    assert window.said == []


def test_the_keys_decide_the_card_in_focus(scripted: BrowserContext, db: Database, site: Site, hold: Hold) -> None:
    first, second, third = (hold(site, author_name=name) for name in ("One", "Two", "Three"))
    window = open_window(scripted)

    log_in(window.page)
    for key in "jjt":
        window.page.keyboard.press(key)
    expect(window.page.get_by_role("status")).to_contain_text("Rejected (toxic): the comment by Two.")
    expect(window.page.get_by_role("article", name="Three")).to_be_focused()
    window.page.keyboard.press("a")
    expect(window.page.get_by_role("status")).to_contain_text("Approved: the comment by Three.")

    assert [status(db, one) for one in (first, second, third)] == [Status.HELD, Status.REJECTED, Status.APPROVED]
    assert window.said == []


def test_a_moderator_clears_a_hundred_comments_by_keyboard_alone(
    scripted: BrowserContext, db: Database, site: Site, hold: Hold
) -> None:
    held = [hold(site, text=f"Comment number {number}.", author_name=f"Reader {number}") for number in range(100)]
    window = open_window(scripted)
    page = window.page
    log_in(page)

    for number in range(len(held)):
        if number % 25 == 0:
            page.keyboard.press("j")
        expect(page.get_by_role("article", name=f"Reader {number}", exact=True)).to_be_focused()
        page.keyboard.press("asatf"[number % 5])
        if number % 25 == 24 and number < 99:
            expect(page.get_by_role("link", name="Next page")).to_be_focused()
            page.keyboard.press("Enter")
            expect(page.get_by_role("article", name=f"Reader {number + 1}", exact=True)).to_be_visible()
            page.wait_for_load_state("load")
    expect(page.get_by_role("status")).to_contain_text("Reader 99")

    wanted = [Status.APPROVED if "asatf"[number % 5] == "a" else Status.REJECTED for number in range(100)]
    assert [status(db, one) for one in held] == wanted
    assert window.said == []


def test_z_takes_back_what_was_done_last(scripted: BrowserContext, db: Database, site: Site, hold: Hold) -> None:
    comment, other = hold(site, author_name="One"), hold(site, author_name="Two")
    page = open_window(scripted).page
    log_in(page)
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page.get_by_role("status")).to_contain_text("Rejected (spam)")

    page.keyboard.press("z")

    expect(page.get_by_role("status")).to_contain_text("Undone for 1 comment.")
    expect(page.get_by_role("article", name="One")).to_be_focused()
    assert [status(db, one) for one in (comment, other)] == [Status.HELD, Status.HELD]


def test_many_are_decided_at_once_after_a_preview(
    scripted: BrowserContext, db: Database, site: Site, hold: Hold
) -> None:
    held = [hold(site, author_name=f"Reader {number}") for number in range(4)]
    page = open_window(scripted).page
    log_in(page)
    for key in ("j", "x", "Shift+J", "Shift+J", "s"):
        page.keyboard.press(key)
    expect(page.get_by_text("3 comments will be rejected: spam.")).to_be_visible()
    assert status(db, held[0]) == Status.HELD

    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("3 comments decided.")
    assert [status(db, one) for one in held] == [Status.REJECTED] * 3 + [Status.HELD]
    page.keyboard.press("z")
    expect(page.get_by_role("status")).to_contain_text("Undone for 3 comments.")
    assert {status(db, one) for one in held} == {Status.HELD}


def test_new_comments_wait_behind_a_button_and_nothing_moves(scripted: BrowserContext, site: Site, hold: Hold) -> None:
    hold(site, author_name="First")
    page = open_window(scripted).page
    log_in(page)
    before = page.get_by_role("article").bounding_box()

    hold(site, author_name="Second")

    fresh = page.get_by_role("link", name="1 new")
    expect(fresh).to_be_visible(timeout=20_000)
    assert page.get_by_role("article").bounding_box() == before
    # Each place that shows the count: in the heading, and beside the queue.
    assert page.locator('[data-count="held"]').all_text_contents() == ["2", "2"]
    page.keyboard.press("n")
    expect(page.get_by_role("article")).to_have_count(2)


def test_own_words_are_written_and_sent_by_keyboard(
    scripted: BrowserContext, db: Database, site: Site, hold: Hold
) -> None:
    comment = hold(site, author_name="One")
    page = open_window(scripted).page
    log_in(page)
    for key in "jo":
        page.keyboard.press(key)
    page.keyboard.type("Not about the treaty, all of it")
    assert status(db, comment) == Status.HELD

    page.keyboard.press("Enter")

    expect(page.get_by_text("Not about the treaty, all of it")).to_be_visible()
    with db.reading() as session:
        assert session.get_one(Comment, comment.id).category == Category.OTHER


def test_keys_teach_the_rules_whom_to_trust_and_what_to_reject(
    scripted: BrowserContext, db: Database, site: Site, hold: Hold
) -> None:
    comment = hold(site, text="See https://pills.example", author_name="One", author_email="one@example.org")
    page = open_window(scripted).page
    log_in(page)
    page.keyboard.press("j")

    for key, rules in (
        ("y", {"trusted_authors": ["one@example.org"]}),
        ("b", {"blocked_authors": ["one@example.org"]}),
        ("d", {"blocked_authors": ["one@example.org"], "rejected_words": ["pills.example"]}),
    ):
        page.keyboard.press(key)
        eventually(lambda rules=rules: live_rules(db, site) == rules)  # type: ignore[misc]
        # While a card is busy its keys do nothing.
        expect(page.locator(".card.busy")).to_have_count(0)
        expect(page.get_by_role("article", name="One")).to_be_focused()
    assert status(db, comment) == Status.HELD


def test_a_selected_word_goes_on_the_site_s_list(
    scripted: BrowserContext, db: Database, site: Site, hold: Hold
) -> None:
    hold(site, text="Buy gold today", author_name="One")
    page = open_window(scripted).page
    log_in(page)
    page.keyboard.press("j")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.card .text'))")

    page.keyboard.press("w")

    field = page.locator("[name=word]")
    expect(field).to_be_focused()
    expect(field).to_have_value("Buy gold today")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Done, for the comment by One.")
    assert live_rules(db, site) == {"held_words": ["Buy gold today"]}


def test_a_reported_comment_is_left_published_by_key(
    scripted: BrowserContext, db: Database, site: Site, hold: Hold
) -> None:
    # Of those that are reported as often the newest comes first.
    second, first = (hold(site, author_name=name, author_email="x@example.org") for name in ("Two", "One"))
    with db.transaction() as session:
        for comment in (first, second):
            comments.review(session, site.id, comment.id, approve=True, category=None, actor="site")
            stored = comments.get(session, site.id, comment.id, lock=True)
            reports.put(session, stored, Complaint(Category.SPAM, "He sells pills."), "site")
    page = open_window(scripted).page
    log_in(page)
    page.goto("/console/reported")
    page.keyboard.press("j")

    page.keyboard.press("y")
    expect(page.get_by_role("status")).to_contain_text("Done, for the comment by One.")
    # It still waits: only a decision leads on.
    expect(page.get_by_role("article", name="One")).to_be_focused()
    page.keyboard.press("a")

    expect(page.get_by_role("article", name="Two")).to_be_focused()
    with db.reading() as session:
        assert [session.get_one(Comment, one.id).reports for one in (first, second)] == [None, 1]


def live_rules(db: Database, site: Site) -> dict[str, Any]:
    with db.reading() as session:
        return sites.policy_version(session, site.id).rules


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser: Browser, address: str, db: Database, scheme: str) -> None:
    with db.transaction() as session:
        sample.fill(session)
    context = browser.new_context(base_url=address, color_scheme=scheme)  # type: ignore[arg-type]
    page = open_window(context).page
    page.goto("/console/login")
    found = {"/console/login": violations(page)}
    browsing.log_in(page, sample.EMAIL, sample.PASSWORD)
    first = page.locator(".card .age").first.get_attribute("href") or ""
    with db.reading() as session:
        treaty = sites.named(session, "Treaty blog").id
    for path in (*PAGES, *(f"/console/sites/{treaty}{tab}" for tab in TABS), first, *by_mail(db, sample.EMAIL)):
        page.goto(path)
        page.evaluate("for (const more of document.querySelectorAll('.card details')) more.open = true")
        found[path] = violations(page)
    page.goto(f"/console/sites/{treaty}/rules")
    page.get_by_label("Hold what contains").fill("gold\n*")
    page.get_by_role("button", name="Look at the changes").first.click()
    page.wait_for_url("**/rules/preview")
    found["rules that are none"] = violations(page)
    page.get_by_label("Hold what contains").fill("gold")
    page.get_by_role("button", name="Look at the changes").first.click()
    expect(page.get_by_role("heading", name="What will change")).to_be_visible()
    found["changed rules"] = violations(page)
    page.goto("/console/held")
    page.locator(".card .pick").first.check()
    found["selected"] = violations(page)
    page.locator("#bulk button").first.click()
    page.wait_for_url("**/bulk/preview")
    found["preview"] = violations(page)
    context.close()

    assert {path: said for path, said in found.items() if said} == {}


def by_mail(db: Database, email: str, most: int = 1) -> list[str]:
    """Where links in this moderator's mails lead, that decide of so many held comments and that end them."""
    with db.reading() as session:
        mira = moderators.get(session, email)
        held = session.exec(select(Comment).where(Comment.status == Status.HELD).limit(most)).all()
        deciding = [links.to_decide(session, mira, comment, Category.SPAM) for comment in held]
        ending = links.to_unsubscribe(session, mira, held[0].site_id)
    return [*(f"{letters.DECIDE}?token={token}" for token in deciding), f"{letters.UNSUBSCRIBE}?token={ending}"]


def violations(page: Page) -> list[str]:
    return [
        f"{one['id']}: {node['html'][:200]}" for one in Axe().run(page).response["violations"] for node in one["nodes"]
    ]


def test_hostile_text_never_runs_on_any_page(
    scripted: BrowserContext, db: Database, site: Site, hold: Hold, visible_payloads: list[str]
) -> None:
    """Each payload stands in every field that somebody fills in; none runs, and our policy has nothing to forbid."""
    window = open_window(scripted)
    page = window.page
    log_in(page)
    for number, payload in enumerate(visible_payloads):
        fields = ("author_name", "author_email", "author_url", "post_title", "permalink", "post_id", "author_id")
        spans = [Span(start=0, end=3, label="insult", weight=1), Span(start=3, end=9, label=payload, weight=1)]
        known = dict.fromkeys(fields, payload[:200])
        hold(
            site, text=payload, reason=payload, spans=spans, language=payload[:35], external_id=f"x{number}",
            parent_id=f"x{number - 1}", **known,
        )  # fmt: skip
    with db.transaction() as session:
        mira = session.exec(select(Moderator)).one()
        mira.name = session.get_one(Site, site.id).name = visible_payloads[0][:200]
        for payload in visible_payloads[:20]:
            session.add(SavedView(moderator_id=mira.id, name=payload[:60], address="/console/held"))

    path: str | None = "/console/held"
    seen = 0
    while path:
        page.goto(path)
        seen += page.locator(".card").count()
        assert page.evaluate("window.hit") is None
        following = page.locator(".pager .next")
        path = following.get_attribute("href") if following.count() else None
    first = page.locator(".card .age").first.get_attribute("href") or ""
    for other in (*PAGES[1:], first, *by_mail(db, EMAIL, most=20)):
        page.goto(other)
        assert page.evaluate("window.hit") is None
    page.goto("/console/held")
    page.locator(".card").first.focus()
    page.keyboard.press("s")
    expect(page.get_by_role("status")).to_contain_text("Rejected")
    assert page.evaluate("window.hit") is None

    assert seen == len(visible_payloads)
    assert len(visible_payloads) >= 200
    assert window.said == []


@pytest.fixture(scope="module")
def visible_payloads() -> list[str]:
    return list(hostile.payloads())
