"""What a moderator keeps for themselves: saved views, and how they want the console."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from fastapi.testclient import TestClient
from sqlmodel import select

from service import console
from service.console import language
from service.core import mail, moderators
from service.core.db import Database
from service.core.models import Moderator, SavedView, Site
from tests.console.conftest import Hold
from tests.console.forms import QUEUE, csrf_token

# What speaks with people: each has catalogues of its own.
FOLDERS = [Path(console.__file__).parent, Path(mail.__file__).parent]


def save(client: TestClient, name: str, at: str) -> None:
    client.post("/console/views", data={"csrf_token": csrf_token(client), "name": name, "at": at})


def test_a_view_is_saved_shown_and_removed(mira: TestClient, db: Database, site: Site) -> None:
    save(mira, "Links, worst first", "/console/held?rule=links&sort=worst")
    page = mira.get(QUEUE).text
    with db.reading() as session:
        view = session.exec(select(SavedView)).one()

    mira.post(f"/console/views/{view.id}/remove", data={"csrf_token": csrf_token(mira)})

    assert '<a href="/console/held?rule=links&amp;sort=worst"><bdi>Links, worst first</bdi></a>' in page
    assert "Links, worst first" not in mira.get(QUEUE).text


@pytest.mark.parametrize("at", ["https://evil.example", "javascript:alert(1)", "//evil.example", "/console/../x"])
def test_a_view_leads_to_the_console_and_nowhere_else(mira: TestClient, db: Database, site: Site, at: str) -> None:
    save(mira, "Elsewhere", at)

    with db.reading() as session:
        assert session.exec(select(SavedView)).one().address == QUEUE


def test_another_moderator_s_view_cannot_be_removed(mira: TestClient, db: Database, site: Site) -> None:
    with db.transaction() as session:
        leo = moderators.create(session, "leo@example.org", "Leo", "a long password")
        view = SavedView(moderator_id=leo.id, name="Leo's", address=QUEUE)
        session.add(view)

    answer = mira.post(f"/console/views/{view.id}/remove", data={"csrf_token": csrf_token(mira)})

    assert answer.status_code == 404
    assert "Leo's" not in mira.get(QUEUE).text


def test_the_console_is_as_its_moderator_wants_it(mira: TestClient, site: Site, hold: Hold) -> None:
    hold(site)
    form = {"csrf_token": csrf_token(mira), "on": ["blur", "hide_scores"], "theme": "dark", "spoken": "de"}
    mira.post("/console/preferences", data=form)

    page = mira.get(QUEUE).text

    assert '<html lang="de" class="blur hide_scores " data-theme="dark">' in page
    assert "data-key" in page
    assert 'id="keymap"' not in page
    assert '<details class="machine">' in page
    assert "Zurückgehalten, weil" in page


def test_a_switch_is_turned_and_turned_back(mira: TestClient, db: Database, site: Site) -> None:
    seen = []
    for _ in range(2):
        mira.post("/console/preferences/blur", data={"csrf_token": csrf_token(mira)})
        with db.reading() as session:
            seen.append(session.exec(select(Moderator)).one().preferences)

    assert seen == [{"blur": True}, {}]


@pytest.mark.parametrize(
    ("asked", "spoken"), [("de-AT,de;q=0.9,en;q=0.8", "de"), ("fr, en", "en"), ("", "en"), ("xx;q=1;;,", "en")]
)
def test_the_console_speaks_what_the_browser_asks_for(visitor: TestClient, asked: str, spoken: str) -> None:
    page = visitor.get("/console/login", headers={"Accept-Language": asked}).text

    assert f'<html lang="{spoken}"' in page
    assert {"de": "Anmelden", "en": "Log in"}[spoken] in page


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
@pytest.mark.parametrize("code", [code for code in language.names() if code != language.ENGLISH])
def test_every_catalogue_is_complete(code: str, folder: Path) -> None:
    with (folder / "locales" / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
    wanted = {message for _, _, message, _, _ in extract_from_dir(folder, methods, options, keywords)}
    with (folder / "locales" / code / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=code)

    said = {message.id: message for message in catalogue if message.id}
    assert said.keys() == wanted
    assert [message.id for message in said.values() if message.fuzzy or not all(_translated(message.string))] == []
    assert [id_ for id_, message in said.items() if _places(id_) != _places(message.string)] == []


def _translated(said: object) -> tuple[object, ...]:
    return said if isinstance(said, tuple) else (said,)


def _places(said: object) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", " ".join(map(str, _translated(said)))))
