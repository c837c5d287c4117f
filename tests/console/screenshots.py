"""Pictures of the console's pages: `python -m tests.console.screenshots FOLDER`, at both widths, light and dark."""

import argparse
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright
from sqlmodel import Session

from service import migrations
from service.core import moderators
from service.core.mail import letters, messages
from service.core.models import Mail, MailKind, Site
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app
from tests.console import browsing, sample

WIDTHS: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 860},
    "phone": {"width": 390, "height": 844},
}
KINDS = [f"{width}-{scheme}" for width in WIDTHS for scheme in ("light", "dark")]
PAGES = {
    "queue": "/console/held",
    "filters": "/console/held?rule=toxicity&sort=worst",
    "reported": "/console/reported",
    "checks": "/console/checks",
    "comment": "first",
    "audit": "/console/audit",
    "insights": "/console/insights",
    "thresholds": "/console/thresholds?at=80",
    "sites": "/console/sites",
    **{tab: f"tab {tab}" for tab in ("settings", "site-keys", "webhooks", "rules", "people")},
    "preferences": "/console/preferences",
    "account": "/console/account",
    "second-factor": "/console/account/second-factor",
    "keys": "?",
    "bulk": "x",
    "preview": "preview",
    "more": "o",
    "login": "/console/login",
    "by-mail": "",
    "letter": "",
}


@contextmanager
def served() -> Iterator[str]:
    """The address of a console with the sample on a fresh database."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/gatepost.db"
        migrations.upgrade(url)
        sends_mail: dict[str, Any] = {"smtp_url": "smtp://mail.example.org", "mail_from": "gatepost@blog.example.org"}
        settings = Settings(database_url=url, **sends_mail, _env_file=None)
        app = build_app(settings, SilentBell())
        with app.state.database.transaction() as session:
            site, _ = sample.fill(session)
        with app.state.database.reading() as session:
            PAGES.update(_of_mail(session, site, settings, Path(folder)))
        with browsing.serving(app) as address:
            yield address
        app.state.database.engine.dispose()


def _of_mail(session: Session, site: Site, settings: Settings, folder: Path) -> dict[str, str]:
    """Where a digest stands, and where its first link leads."""
    mail = Mail(kind=MailKind.DIGEST, site_id=site.id, moderator_id=moderators.get(session, sample.EMAIL).id)
    letter = letters.write(session, mail, settings)
    assert letter
    html = messages.render(letter, settings.mail_from or "", mail.id).get_body(["html"])
    assert html
    (folder / "letter.html").write_text(html.get_content(), encoding="utf-8")
    link = (letter.entries[0].reject or "").removeprefix(settings.public_url)
    return {"by-mail": link, "letter": f"file://{folder}/letter.html"}


def open_page(page: Page, name: str) -> None:
    where = PAGES[name]
    is_address = where.startswith(("/", "file:"))
    page.goto(where if is_address else "/console/sites" if where.startswith("tab ") else "/console/held")
    if where.startswith("tab "):
        page.get_by_role("link", name="Treaty blog").click()
        path = page.locator(".tabs a").nth(("settings", "site-keys", "webhooks", "rules", "people").index(name))
        path.click()
        return
    if name == "second-factor" and not page.locator(".setup").count():
        page.locator("main button").click()
    elif name == "comment":
        page.goto(page.locator(".card .age").first.get_attribute("href") or "")
    elif not is_address:
        page.locator(".card").first.focus()
        if name in {"bulk", "preview"}:
            for card in page.locator(".card .pick").all()[:3]:
                card.check()
        if name == "preview":
            page.locator("#bulk button").first.click()
            page.wait_for_load_state()
        elif name == "more":
            page.locator(".card .more > summary").first.click()
        elif name == "keys":
            page.keyboard.press("?")


def take(browser: Browser, address: str, folder: Path, names: Sequence[str], kind: str, code: str) -> None:
    width, _, scheme = kind.partition("-")
    phone = width == "phone"
    context = browser.new_context(
        base_url=address,
        viewport=WIDTHS[width],
        color_scheme=scheme,  # type: ignore[arg-type]
        locale=code,
        has_touch=phone,
        is_mobile=phone,
    )
    page = context.new_page()
    # The page for whoever is not logged in comes first.
    for name in sorted(names, key=lambda name: name != "login"):
        if name != "login" and not context.cookies():
            browsing.log_in(page, sample.EMAIL, sample.PASSWORD)
        open_page(page, name)
        is_whole = name in {"queue", "comment", "insights", "letter", "preferences"}
        shot = Image.open(io.BytesIO(page.screenshot(full_page=is_whole)))
        shot.convert("RGB").save(folder / f"{name}-{kind}.webp", quality=82, method=6)
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", nargs="*", default=list(PAGES), choices=PAGES)
    parser.add_argument("--kinds", nargs="*", default=KINDS, choices=KINDS)
    parser.add_argument("--language", default="en")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with served() as address, sync_playwright() as playwright, browsing.chromium(playwright) as browser:
        for kind in given.kinds:
            take(browser, address, given.folder, given.pages, kind, given.language)


if __name__ == "__main__":
    main()
