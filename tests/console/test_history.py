"""A comment's own page, and the way from it through the queue that it was opened from."""

import re
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from service.core.models import Comment, Site
from tests.console.conftest import Hold
from tests.console.forms import approve

QUEUE = "/console/held?q=idiots&sort=newest"


@pytest.fixture
def held(site: Site, hold: Hold) -> list[Comment]:
    hold(site, text="Not among those that are searched for.")
    return [hold(site) for _ in range(3)]


def neighbours(page: str) -> dict[str, str]:
    found = re.findall(r'<a href="/console/comments/([0-9a-f-]+)\?from=[^"]+" rel="(prev|next)"', page)
    return {rel: comment_id for comment_id, rel in found}


def test_a_card_leads_to_its_page_and_from_there_through_its_queue(mira: TestClient, held: list[Comment]) -> None:
    link = re.search(rf'href="(/console/comments/{held[1].id}\?from=[^"]+)"', mira.get(QUEUE).text)
    assert link

    page = mira.get(link[1]).text

    assert neighbours(page) == {"prev": str(held[2].id), "next": str(held[0].id)}
    assert f'<a href="{QUEUE.replace("&", "&amp;")}">Queue</a>' in page


def test_what_was_decided_meanwhile_is_passed_over(mira: TestClient, held: list[Comment]) -> None:
    approve(mira, held[1])

    page = mira.get(f"/console/comments/{held[2].id}?from={quote(QUEUE)}").text

    assert neighbours(page) == {"next": str(held[0].id)}


@pytest.mark.parametrize("origin", ["", "/console/audit", "https://evil.example/console/held", "/console/held?age=x"])
def test_from_anywhere_else_there_are_no_neighbours(mira: TestClient, held: list[Comment], origin: str) -> None:
    page = mira.get(f"/console/comments/{held[1].id}", params={"from": origin}).text

    assert neighbours(page) == {}
    assert '<a href="/console/held">Queue</a>' in page
