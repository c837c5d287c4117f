"""What is drawn by lot: each comment as likely as the site says, and what humans made of it."""

from uuid import UUID

from service.core import comments, db, insights, queues, spot_checks, undo
from service.core.db import Database
from service.core.models import Category, Comment, SpotCheck
from service.core.queues import Queue, Wanted
from service.core.spot_checks import Kind
from tests.core.conftest import submission
from tests.core.held import decide, hold, publish

MIA = "moderator:00000000-0000-7000-8000-000000000001"


def draw(database: Database, *drawn: Comment, share: float = 1.0) -> None:
    with database.transaction() as session:
        spot_checks.draw(session, drawn, {one.site_id: share for one in drawn})


def offered(database: Database, site_id: UUID) -> list[UUID]:
    with database.reading() as session:
        return [one.id for one in queues.page(session, Wanted(Queue.CHECKS, [site_id]), None, 100)]


def checked(database: Database, site_id: UUID) -> dict[Kind, int]:
    with database.reading() as session:
        return insights.count(session, [site_id], db.now(session).date()).checked


def test_so_many_are_drawn_as_the_site_wants(database: Database, site_id: UUID) -> None:
    published = [publish(database, site_id) for _ in range(80)]

    draw(database, *published, share=0.0)
    assert offered(database, site_id) == []
    draw(database, *published, share=0.5)
    # Fewer or more than this come in one of fifty million draws.
    assert 16 <= len(offered(database, site_id)) <= 64


def test_who_decides_a_comment_anew_draws_the_same(database: Database, site_id: UUID) -> None:
    published = [publish(database, site_id) for _ in range(20)]
    draw(database, *published, share=0.5)
    first = offered(database, site_id)

    draw(database, *published, share=0.5)

    assert offered(database, site_id) == first


def test_what_was_held_is_not_drawn(database: Database, site_id: UUID) -> None:
    published = publish(database, site_id)

    draw(database, hold(database, site_id), published)

    assert offered(database, site_id) == [published.id]


def test_what_humans_say_is_counted_once(database: Database, site_id: UUID) -> None:
    good, bad, unseen = (publish(database, site_id) for _ in range(3))
    draw(database, good, bad, unseen, share=0.999)

    decide(database, good, MIA)
    decide(database, bad, MIA, Category.SPAM)
    decide(database, bad, MIA, Category.TOXIC)

    assert offered(database, site_id) == [unseen.id]
    assert checked(database, site_id) == {Kind("insult", 0.999, False): 1, Kind("insult", 0.999, True): 1}


def test_an_undone_decision_is_no_check(database: Database, site_id: UUID) -> None:
    comment = publish(database, site_id)
    draw(database, comment)
    decide(database, comment, MIA, Category.SPAM)

    with database.transaction() as session:
        entry = undo.last(session, MIA, [site_id])
        assert entry
        undo.undo(session, entry, MIA)

    assert offered(database, site_id) == [comment.id]
    assert checked(database, site_id) == {}


def test_what_the_blog_changes_is_drawn_no_longer(database: Database, site_id: UUID) -> None:
    comment = publish(database, site_id)
    draw(database, comment)

    with database.transaction() as session:
        comments.edit(session, site_id, comment.id, submission(text="Something else."))
        assert session.get(SpotCheck, comment.id) is None
