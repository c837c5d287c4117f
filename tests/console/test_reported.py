"""What is published and yet before moderators: readers' reports, and what is drawn by lot."""

import pytest
from fastapi.testclient import TestClient
from sqlmodel import col, select

from service.core import comments, reports, spot_checks
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Category, Comment, Event, Site, Status
from service.core.policy import Decision, Verdict
from service.core.reports import Complaint
from service.core.submissions import Submission, submit
from tests.console.forms import approve, csrf_token, reject

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def published(db: Database, site: Site) -> Comment:
    """Approved by the machine, and reported by three readers."""
    with db.transaction() as session:
        comment = submit(session, site.id, Submission(text="Cheap pills", author_name="Carl"))
        session.flush()
        verdict = Verdict(decision=Decision.APPROVE, rule="none", reasons=[], scores={"spam": 0.4})
        [settled] = comments.settle(session, [Settlement(comment.id, 1, verdict)])
    with db.transaction() as session:
        stored = comments.get(session, site.id, settled.id, lock=True)
        for reason, text in ((Category.SPAM, HOSTILE), (Category.SPAM, ""), (Category.TOXIC, "")):
            reports.put(session, stored, Complaint(reason, text), comments.SITE)
        return stored


def test_the_reported_queue_says_how_many_readers_report_what(mira: TestClient, published: Comment) -> None:
    page = mira.get("/console/reported").text

    assert 'data-count="reported">1<' in page
    assert "Reported 3 times by readers as</span> spam (2), toxic (1)" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert HOSTILE not in page


def test_to_leave_it_published_answers_the_reports(mira: TestClient, db: Database, published: Comment) -> None:
    assert "Leave it published" in mira.get("/console/reported").text

    approve(mira, published)

    page = mira.get("/console/reported").text
    assert 'data-count="reported">0<' in page
    assert "There is nothing here." in page
    with db.reading() as session:
        assert session.get_one(Comment, published.id).status == Status.APPROVED


def test_a_rejection_is_told_to_the_blog(mira: TestClient, db: Database, published: Comment) -> None:
    reject(mira, published)

    with db.reading() as session:
        query = select(Event.type).where(Event.comment_id == published.id).order_by(col(Event.sequence))
        assert session.exec(query).all() == ["comment.approved", "comment.rejected"]


def test_z_brings_a_reported_comment_back(mira: TestClient, published: Comment) -> None:
    reject(mira, published)

    mira.post("/console/undo", data={"csrf_token": csrf_token(mira)})

    assert 'data-count="reported">1<' in mira.get("/console/reported").text


def test_an_open_page_hears_of_new_reports(mira: TestClient, published: Comment) -> None:
    before, after = ("2026-01-01T00:00:00Z", "2100-01-01T00:00:00Z")

    new, none = (mira.get("/console/live", params={"queue": "reported", "since": at}).text for at in (before, after))

    assert "1 new" in new
    assert "new" not in none


def test_a_spot_check_is_before_moderators_until_one_decides(
    mira: TestClient, db: Database, site: Site, published: Comment
) -> None:
    with db.transaction() as session:
        spot_checks.draw(session, [published], {site.id: 1.0})
    page = mira.get("/console/checks").text
    assert 'data-count="checks">1<' in page
    assert "Drawn by lot" in page

    approve(mira, published)

    assert 'data-count="checks">0<' in mira.get("/console/checks").text
