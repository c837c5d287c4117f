"""The held queue: what moderators see, and what their decisions do."""

from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from service.console import queue
from service.core import comments, moderators
from service.core.db import Database, new_id
from service.core.models import Category, Comment, Event, Moderator, Site, Status
from service.core.policy import Span
from service.core.submissions import Submission
from tests.console.conftest import Hold
from tests.console.forms import QUEUE, approve, reject

HOSTILE = "\"'><script>alert(1)</script>&amp;{{ 7*7 }}"


def stored(db: Database, comment: Comment) -> Comment:
    with db.reading() as session:
        return session.get_one(Comment, comment.id)


def actor(db: Database, name: str) -> str:
    with db.reading() as session:
        return moderators.actor(session.exec(select(Moderator).where(Moderator.name == name)).one())


def events(db: Database, comment_id: UUID) -> list[str]:
    with db.reading() as session:
        query = select(Event).where(Event.comment_id == comment_id).order_by("sequence")
        return [event.type for event in session.exec(query)]


def test_approving_moves_the_comment_and_writes_the_event(
    mira: TestClient, db: Database, site: Site, hold: Hold
) -> None:
    comment = hold(site, author_name="Carl")

    answer = approve(mira, comment)

    assert (stored(db, comment).status, stored(db, comment).decided_by) == (Status.APPROVED, actor(db, "Mira"))
    assert events(db, comment.id) == ["comment.held", "comment.approved"]
    assert answer.history[0].status_code == 303
    assert "<title>(0) Held" in answer.text
    assert "Approved: the comment by <bdi>Carl</bdi>." in answer.text


@pytest.mark.parametrize("category", list(Category))
def test_rejecting_moves_the_comment_with_its_category(
    mira: TestClient, db: Database, site: Site, hold: Hold, category: Category
) -> None:
    comment = hold(site)

    answer = reject(mira, comment, category)

    assert (stored(db, comment).status, stored(db, comment).category) == (Status.REJECTED, category)
    assert events(db, comment.id) == ["comment.held", "comment.rejected"]
    assert f"Rejected ({category.replace('_', ' ')}): the comment by" in answer.text


def test_a_rejection_without_a_known_category_changes_nothing(
    mira: TestClient, db: Database, site: Site, hold: Hold
) -> None:
    comment = hold(site)

    assert reject(mira, comment, "boring").status_code == 400

    assert stored(db, comment).status == Status.HELD


def test_who_decides_second_reads_who_was_first_and_changes_nothing(
    mira: TestClient, db: Database, site: Site, hold: Hold
) -> None:
    comment = hold(site)
    with db.transaction() as session:
        leo = moderators.actor(moderators.create(session, "leo@example.org", "Leo", "a long password"))
        comments.review(session, site.id, comment.id, approve=False, category=Category.TOXIC, actor=leo)

    answer = approve(mira, comment)

    assert answer.status_code == 200
    assert "Leo has decided this comment meanwhile: Rejected." in answer.text
    assert stored(db, comment).status == Status.REJECTED
    assert events(db, comment.id) == ["comment.held", "comment.rejected"]


def test_a_comment_that_the_blog_has_edited_is_not_decided_unseen(
    mira: TestClient, db: Database, site: Site, hold: Hold
) -> None:
    comment = hold(site)
    with db.transaction() as session:
        comments.edit(session, site.id, comment.id, Submission(text="Buy pills"))

    answer = approve(mira, comment)

    assert "The blog has changed this comment meanwhile" in answer.text
    assert stored(db, comment).status == Status.PENDING


def test_another_sites_comments_are_not_shown(mira: TestClient, other_site: Site, hold: Hold) -> None:
    comment = hold(other_site, text="Not for Mira")

    assert "Not for Mira" not in mira.get(QUEUE).text
    assert "Another blog" not in mira.get(f"{QUEUE}?decided={comment.id}").text
    assert "the comment by" not in mira.get(f"{QUEUE}?decided={comment.id}").text
    assert mira.get(f"{QUEUE}?site={other_site.id}").status_code == 404


@pytest.mark.parametrize("act", [approve, reject])
def test_another_sites_comments_cannot_be_decided(
    mira: TestClient, db: Database, other_site: Site, hold: Hold, act: type
) -> None:
    comment = hold(other_site)

    answer = act(mira, comment)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert stored(db, comment).status == Status.HELD


def test_an_unknown_comment_is_as_absent_as_another_sites(mira: TestClient) -> None:
    assert approve(mira, Comment(id=uuid4(), site_id=uuid4(), text="", text_fingerprint=0)).status_code == 404


def test_the_queue_shows_all_sites_of_a_moderator_or_one(
    mira: TestClient, db: Database, site: Site, other_site: Site, hold: Hold
) -> None:
    with db.transaction() as session:
        moderators.join(session, session.exec(select(Moderator)).one(), other_site.id)
    hold(site, text="First blog")
    hold(other_site, text="Second blog")

    everything, one = mira.get(QUEUE).text, mira.get(f"{QUEUE}?site={other_site.id}").text

    assert "<title>(2) Held" in everything
    assert everything.index("First blog") < everything.index("Second blog")
    assert "<title>(1) Held" in one
    assert "First blog" not in one


def test_the_queue_goes_on_behind_its_first_page(mira: TestClient, site: Site, hold: Hold) -> None:
    for number in range(queue.PAGE_SIZE + 1):
        hold(site, text=f"Comment number {number}.")

    first = mira.get(QUEUE).text
    address = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    second = mira.get(address).text

    assert first.count("Comment number") == queue.PAGE_SIZE
    assert second.count("Comment number") == 1
    assert f"Comment number {queue.PAGE_SIZE}." in second
    assert 'rel="next"' not in second


def test_after_a_decision_the_moderator_is_where_they_were(mira: TestClient, site: Site, hold: Hold) -> None:
    start, comment, following = new_id(), hold(site), hold(site)

    answer = approve(mira, comment, at=f"{QUEUE}?site={site.id}&after={start}", following=following.id)

    assert answer.history[0].headers["Location"] == (
        f"{QUEUE}?site={site.id}&after={start}&decided={comment.id}#c-{following.id}"
    )


def test_a_card_tells_what_there_is_to_know(mira: TestClient, site: Site, hold: Hold) -> None:
    author = {"author_name": "Carl", "author_email": "carl@example.org", "author_ip": "203.0.113.7"}
    reject(mira, hold(site, **author))
    hold(site, post_title="Ten quiet walks", permalink="https://blog.example/walks", **author)

    page = mira.get(QUEUE).text

    for fact in (
        *author.values(),
        "Before: 0 approved, 1 rejected",
        "Ten quiet walks",
        "https://blog.example/walks",
        "just now",
        "Insult: 88%.",
        "88%",
        "2%",
        "compact-1",
        "version 1",
        "2.4 ms",
        "for spam: slight, +1.0",
    ):
        assert fact in page


def test_what_carried_the_decision_is_marked_and_told(mira: TestClient, site: Site, hold: Hold) -> None:
    hold(site, text="You idiots!", spans=[Span(start=4, end=10, label="insult", weight=4.2)])

    page = mira.get(QUEUE).text

    assert 'You <mark class="of-abuse" title="Insult, strong, +4.2">idiots</mark>!' in page
    assert '<bdi>idiots</bdi></mark> <span class="muted">Insult, strong, +4.2</span>' in page
    assert "<summary>Why was this held?</summary>" in page


def test_marked_hostile_text_is_only_text(mira: TestClient, site: Site, hold: Hold) -> None:
    spans = [
        Span(start=0, end=2, label=HOSTILE, weight=1),
        Span(start=2, end=9, label="spam", weight=1),
        Span(start=9, end=9000, label="insult", weight=1),
    ]
    hold(site, text=HOSTILE, spans=spans)

    page = mira.get(QUEUE).text

    assert page.count("<mark") == 2 * len(spans)
    assert HOSTILE[:3] not in page
    assert "<script>" not in page.replace("<script src=", "")
    assert "alert(1)<" not in page


def test_a_verdict_from_before_there_were_spans_is_shown(
    mira: TestClient, db: Database, site: Site, hold: Hold
) -> None:
    comment = hold(site, text="You idiots!")
    with db.transaction() as session:
        old = session.get_one(Comment, comment.id)
        old.verdict = {name: one for name, one in (old.verdict or {}).items() if name not in {"spans", "latency_ms"}}

    page = mira.get(QUEUE).text

    assert "You idiots!" in page
    assert "<mark" not in page


def test_hostile_text_is_only_text_in_every_field(mira: TestClient, db: Database, site: Site, hold: Hold) -> None:
    with db.transaction() as session:
        session.get_one(Site, site.id).name = HOSTILE
        session.exec(select(Moderator)).one().name = HOSTILE
    fields = ("author_name", "author_email", "author_url", "post_title", "permalink")
    comment = hold(site, text=HOSTILE, reason=HOSTILE, language=HOSTILE[:35], **dict.fromkeys(fields, HOSTILE))

    pages = [mira.get(QUEUE).text, mira.get(f"{QUEUE}?decided={comment.id}").text, approve(mira, comment).text]

    for page in pages:
        assert "<script>" not in page
        assert HOSTILE[:3] not in page
    assert pages[0].count("&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;{{ 7*7 }}") == len(fields) + 5


def test_nothing_that_an_author_wrote_becomes_a_link(mira: TestClient, site: Site, hold: Hold) -> None:
    address = "https://evil.example"
    hold(site, text=address, author_url=address, permalink=address)

    page = mira.get(QUEUE).text

    assert page.count(address) == 3
    assert f'="{address}' not in page


def test_a_long_text_is_folded_and_yet_all_there(mira: TestClient, site: Site, hold: Hold) -> None:
    text = "Once more. " * 1000 + "The end."
    hold(site, text=text)

    page = mira.get(QUEUE).text

    assert "All 11,008 characters" in page
    assert text in page


def test_a_comment_that_could_not_be_scored_is_shown(mira: TestClient, db: Database, site: Site, hold: Hold) -> None:
    comment = hold(site)
    with db.transaction() as session:
        session.get_one(Comment, comment.id).verdict = {
            "decision": "hold",
            "rule": "unscored",
            "reasons": ["Scoring took too long."],
        }

    assert "Scoring took too long." in mira.get(QUEUE).text


@pytest.mark.parametrize("query", ["after=x", "site=1", "decided=%00", "stale=';--"])
def test_an_address_that_makes_no_sense_gets_a_page(mira: TestClient, query: str) -> None:
    answer = mira.get(f"{QUEUE}?{query}")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
