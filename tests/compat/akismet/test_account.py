"""What Akismet's clients ask about an account: counted from what became of the comments."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import select

from service.core import akismet_keys, comments, sites
from service.core.db import Database
from service.core.models import Category, Comment, Site, Status
from tests.compat.akismet.conftest import BLOG


@pytest.fixture
def counted(check: Callable[..., Response], database: Database, site: Site) -> None:
    """Two ham, one of which was spam after all; two spam, one of which was none; one held."""
    for text in ("One.", "Two.", "A casino.", "Another casino.", "Some toxicity."):
        check(text)
    with database.reading() as session:
        by_text = {comment.text: comment for comment in session.exec(select(Comment))}
    for text, category in (("Two.", Category.SPAM), ("A casino.", None)):
        with database.transaction() as session:
            comments.review(
                session, site.id, by_text[text].id, approve=category is None, category=category, actor="moderator:mo"
            )
    assert by_text["Some toxicity."].status == Status.HELD


@pytest.mark.parametrize("span", ["60-days", "6-months", "all", "nonsense"])
@pytest.mark.usefixtures("counted")
def test_the_statistics_say_what_became_of_the_comments(client: TestClient, key: str, span: str) -> None:
    answer = client.post("/1.1/get-stats", data={"key": key, "blog": BLOG, "from": span})

    counts = {"spam": 2, "ham": 2, "missed_spam": 1, "false_positives": 1}
    period = datetime.now(UTC).strftime("%Y-%m-%d" if span == "60-days" else "%Y-%m")
    day = period if span == "60-days" else f"{period}-01"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        **counts,
        "accuracy": 50.0,
        "time_saved": 0,
        "breakdown": {period: {**counts, "da": day}},
    }


def test_no_comments_are_no_mistakes(client: TestClient, key: str) -> None:
    stats = client.post("/1.1/get-stats", data={"key": key}).json()

    assert (stats["accuracy"], stats["breakdown"]) == (100, {})


def test_the_subscription_is_active(client: TestClient, key: str, site: Site) -> None:
    subscription = client.post("/1.1/get-subscription", data={"key": key, "blog": BLOG}).json()

    assert (subscription["status"], subscription["account_name"]) == ("active", site.name)
    assert subscription["limit_reached"] is False


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.usefixtures("counted")
def test_usage_has_no_limit(client: TestClient, key: str, method: str) -> None:
    given = {"params": {"api_key": key}} if method == "GET" else {"data": {"api_key": key}}

    assert client.request(method, "/1.2/usage-limit", **given).json() == {  # type: ignore[arg-type]
        "limit": "none",
        "usage": 5,
        "percentage": "0.00",
        "throttled": False,
    }


def test_extended_usage_says_that_no_upgrade_is_needed(client: TestClient, key: str) -> None:
    answer = client.get("/1.2/usage-limit", params={"api_key": key, "extended": "true"}).json()

    assert (answer["notice_level"], answer["upgrade"]) == ("none", False)


@pytest.mark.usefixtures("counted")
def test_the_sites_of_a_key_are_its_one(client: TestClient, key: str) -> None:
    month = datetime.now(UTC).strftime("%Y-%m")

    answer = client.get("/1.2/key-sites", params={"api_key": key}).json()

    site = {"site": BLOG, "api_calls": "5", "spam": "2", "ham": "2", "missed_spam": "1", "false_positives": "1"}
    assert answer == {month: [{**site, "is_revoked": False}], "limit": 500, "offset": 0, "total": 1}


def test_the_sites_come_as_csv_without_the_key(client: TestClient, key: str) -> None:
    answer = client.post("/1.2/key-sites", data={"api_key": key, "format": "csv", "month": "2026-01"})

    first, names, row = answer.text.splitlines()
    assert first.endswith("during 2026-01 (limit: 500, offset: 0, total: 1).")
    assert key not in answer.text
    assert names == "Site,Total API Calls,Spam,Ham,Missed Spam,False Positives,Is Revoked"
    assert row == f"{BLOG},0,0,0,0,0,false"


def test_without_a_key_there_are_no_sites(client: TestClient) -> None:
    """PyPI's akismet 25.10.1 sends none, and reads JSON."""
    month = datetime.now(UTC).strftime("%Y-%m")

    assert client.get("/1.2/key-sites").json() == {month: [], "limit": 500, "offset": 0, "total": 0}


@pytest.mark.parametrize("path", ["1.1/get-stats", "1.1/get-subscription", "1.2/usage-limit", "1.2/key-sites"])
def test_a_wrong_key_is_invalid_everywhere(client: TestClient, path: str) -> None:
    answer = client.post(f"/{path}", data={"api_key": "abcdefghijkl"})

    assert (answer.status_code, answer.text) == (200, "invalid")


def test_another_site_s_comments_are_not_counted(client: TestClient, key: str, database: Database) -> None:
    with database.transaction() as session:
        other = akismet_keys.issue(session, sites.create(session, "Another blog"))
    client.post("/1.1/comment-check", data={"api_key": key, "comment_content": "Hello."})

    assert client.get("/1.2/usage-limit", params={"api_key": other}).json()["usage"] == 0
