"""A real browser before a real server."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.servers import ports
from tests.servers.waiting import eventually

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


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The app behind a real server; its address."""
    port = ports.find_free()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def open_window(context: BrowserContext) -> Window:
    window = Window(context.new_page())
    window.page.on("console", lambda message: window.said.append(message.text))
    window.page.on("pageerror", lambda error: window.said.append(str(error)))
    return window


def log_in(page: Page, email: str, password: str) -> None:
    page.goto("/console/login")
    page.locator("#email").fill(email)
    page.locator("#password").fill(password)
    page.locator("button.primary").click()
    page.wait_for_url("**/console/held*")
