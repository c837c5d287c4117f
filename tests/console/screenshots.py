"""Pictures of the console's pages: `python -m tests.console.screenshots FOLDER`, at both widths, light and dark."""

import argparse
import io
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from service import migrations
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
    "comment": "first",
    "audit": "/console/audit",
    "insights": "/console/insights",
    "thresholds": "/console/thresholds?at=80",
    "sites": "/console/sites",
    **{tab: f"tab {tab}" for tab in ("settings", "site-keys", "webhooks", "rules", "people")},
    "preferences": "/console/preferences",
    "keys": "?",
    "bulk": "x",
    "preview": "preview",
    "more": "o",
    "login": "/console/login",
}


@contextmanager
def served() -> Iterator[str]:
    """The address of a console with the sample on a fresh database."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/gatepost.db"
        migrations.upgrade(url)
        app = build_app(Settings(database_url=url, _env_file=None), SilentBell())
        with app.state.database.transaction() as session:
            sample.fill(session)
        with browsing.serving(app) as address:
            yield address
        app.state.database.engine.dispose()


def open_page(page: Page, name: str) -> None:
    where = PAGES[name]
    page.goto(where if where.startswith("/") else "/console/sites" if where.startswith("tab ") else "/console/held")
    if where.startswith("tab "):
        page.get_by_role("link", name="Treaty blog").click()
        path = page.locator(".tabs a").nth(("settings", "site-keys", "webhooks", "rules", "people").index(name))
        path.click()
        return
    if name == "comment":
        page.goto(page.locator(".card .age").first.get_attribute("href") or "")
    elif not where.startswith("/"):
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
        shot = Image.open(io.BytesIO(page.screenshot(full_page=name in {"queue", "comment", "insights"})))
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
