"""The same decision on many comments, after a look at what it would do."""

from fastapi.testclient import TestClient
from httpx2 import Response

from service.core import comments, moderators
from service.core.db import Database
from service.core.models import Category, Comment, Role, Site, Status
from service.core.submissions import Submission
from tests.console.conftest import Hold
from tests.console.forms import EMAIL, csrf_token


def send(client: TestClient, path: str, what: str, *picked: Comment) -> Response:
    form = {"csrf_token": csrf_token(client), "what": what, "pick": [f"{one.id}:{one.sequence}" for one in picked]}
    return client.post(f"/console/bulk{path}", data=form)


def statuses(db: Database, *shown: Comment) -> list[Status]:
    with db.reading() as session:
        return [session.get_one(Comment, one.id).status for one in shown]


def test_a_preview_changes_nothing(mira: TestClient, db: Database, site: Site, hold: Hold) -> None:
    one, other = hold(site), hold(site)

    page = send(mira, "/preview", "spam", one, other).text

    assert "2 comments will be rejected: spam." in page
    assert "<bdi>Treaty blog</bdi>: 2" in page
    assert "The blogs hear of it in 10 seconds" in page
    assert statuses(db, one, other) == [Status.HELD, Status.HELD]


def test_what_has_moved_on_is_told_and_left(mira: TestClient, db: Database, site: Site, hold: Hold) -> None:
    one, edited = hold(site), hold(site)
    with db.transaction() as session:
        comments.edit(session, site.id, edited.id, Submission(text="Buy pills"))

    preview, done = send(mira, "/preview", "approve", one, edited).text, send(mira, "", "approve", one, edited).text

    assert "1 comment will be approved." in preview
    assert "1 has changed meanwhile" in preview
    assert "1 comment decided." in done
    assert statuses(db, one, edited) == [Status.APPROVED, Status.PENDING]


def test_another_site_s_comments_are_left(
    mira: TestClient, db: Database, site: Site, other_site: Site, hold: Hold
) -> None:
    mine, foreign = hold(site), hold(other_site, author_name="Not for Mira")

    page = send(mira, "/preview", "approve", mine, foreign).text
    send(mira, "", "approve", mine, foreign)

    assert "Not for Mira" not in page
    assert statuses(db, mine, foreign) == [Status.APPROVED, Status.HELD]


def test_a_viewer_decides_nothing_in_bulk(mira: TestClient, db: Database, site: Site, hold: Hold) -> None:
    comment = hold(site)
    with db.transaction() as session:
        moderators.join(session, moderators.get(session, EMAIL), site.id, Role.VIEWER)

    send(mira, "", "approve", comment)

    assert statuses(db, comment) == [Status.HELD]


def test_a_category_is_kept_and_one_undo_takes_all_back(mira: TestClient, db: Database, site: Site, hold: Hold) -> None:
    held = [hold(site) for _ in range(3)]
    send(mira, "", "off_topic", *held)
    with db.reading() as session:
        categories = {session.get_one(Comment, one.id).category for one in held}

    answer = mira.post("/console/undo", data={"csrf_token": csrf_token(mira)})

    assert categories == {Category.OFF_TOPIC}
    assert "Undone for 3 comments." in answer.text
    assert statuses(db, *held) == [Status.HELD] * 3


def test_nonsense_is_refused(mira: TestClient, site: Site, hold: Hold) -> None:
    comment = hold(site)
    form = {"csrf_token": csrf_token(mira), "what": "approve"}

    assert send(mira, "", "burn", comment).status_code == 400
    assert mira.post("/console/bulk", data={**form, "pick": ["x:y"]}).status_code == 400
    assert mira.post("/console/bulk", data={**form, "pick": [f"{comment.id}:1"] * 201}).status_code == 400
