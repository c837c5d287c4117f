"""The audit log in the console: what it tells, to whom, and as a file."""

import csv
import io

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from service.console import audit
from service.core.db import Database
from service.core.models import Moderator, Site
from tests.console.conftest import Hold
from tests.console.forms import approve, csrf_token, reject


def test_who_did_what_from_what_to_what(mira: TestClient, site: Site, hold: Hold) -> None:
    reject(mira, hold(site), "spam")

    page = mira.get("/console/audit").text

    assert page.index("<td>Decided (spam)") < page.index("<td>Decided by the policy")
    assert "Held → Rejected" in page
    assert "<bdi>Mira</bdi>" in page


def test_a_lesson_for_the_rules_is_told_by_their_versions(mira: TestClient, site: Site, hold: Hold) -> None:
    comment = hold(site, author_email="carl@example.org")

    mira.post(f"/console/comments/{comment.id}/block", data={"csrf_token": csrf_token(mira)})

    page = mira.get("/console/audit?action=block_author").text
    assert "Author blocked" in page
    assert "policy 1 → 2" in page
    assert "carl" not in page


def test_the_log_goes_on_behind_its_first_page(mira: TestClient, site: Site, hold: Hold) -> None:
    for _ in range(audit.PAGE_SIZE + 1):
        hold(site)

    first = mira.get("/console/audit").text
    address = first.split('class="next" href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = mira.get(address).text

    assert first.count("Pending → Held") == audit.PAGE_SIZE
    assert second.count("Pending → Held") == 1


def test_the_file_has_every_entry_and_starts_no_formula(mira: TestClient, db: Database, site: Site, hold: Hold) -> None:
    with db.transaction() as session:
        session.exec(select(Moderator)).one().name = "=HYPERLINK(1)"
        session.get_one(Site, site.id).name = "@SUM(1)"
    comment = hold(site)
    approve(mira, comment)

    answer = mira.get("/console/audit.csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))

    assert [row["action"] for row in rows] == ["review", "settle"]
    assert rows[0] == rows[0] | {"who": "'=HYPERLINK(1)", "site": "'@SUM(1)", "before": "held", "after": "approved"}
    assert rows[0]["comment"] == str(comment.id)
    assert "attachment" in answer.headers["Content-Disposition"]


def test_another_site_s_log_is_not_told(mira: TestClient, other_site: Site, hold: Hold) -> None:
    comment = hold(other_site)

    for path in ("/console/audit", "/console/audit.csv", f"/console/audit?site={other_site.id}"):
        assert str(comment.id) not in mira.get(path).text


@pytest.mark.parametrize("query", ["site=x", "moderator=1", "before=';--"])
def test_an_address_that_makes_no_sense_gets_a_page(mira: TestClient, query: str) -> None:
    assert mira.get(f"/console/audit?{query}").status_code == 400
