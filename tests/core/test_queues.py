"""The moderators' queues: what is in them, in which order, page by page."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from service.core import db, notes, queues
from service.core.db import Database
from service.core.models import Category, Comment, NoteKind
from service.core.queues import Queue, Reader, Sort, Wanted
from tests.core.held import decide, hold

MIA, LEO = "moderator:00000000-0000-7000-8000-000000000001", "moderator:00000000-0000-7000-8000-000000000002"


def ids(database: Database, *site_ids: UUID, queue: Queue = Queue.HELD, **wanted: Any) -> list[UUID]:
    with database.reading() as session:
        return [one.id for one in queues.page(session, Wanted(queue, site_ids, **wanted), None, 100)]


def test_each_queue_has_its_comments(database: Database, site_id: UUID) -> None:
    held, approved, spam, toxic = (hold(database, site_id) for _ in range(4))
    decide(database, approved, MIA)
    decide(database, spam, MIA, Category.SPAM)
    decide(database, toxic, MIA, Category.TOXIC)

    found = {queue: ids(database, site_id, queue=queue) for queue in Queue}

    assert found == {
        Queue.HELD: [held.id],
        Queue.ASKED: [],
        Queue.REPORTED: [],
        Queue.CHECKS: [],
        Queue.APPROVED: [approved.id],
        Queue.REJECTED: [spam.id, toxic.id],
        Queue.SPAM: [spam.id],
        Queue.ALL: [held.id, approved.id, spam.id, toxic.id],
    }


@pytest.mark.parametrize(
    ("sort", "order"),
    [(Sort.OLDEST, [0, 1, 2, 3]), (Sort.NEWEST, [3, 2, 1, 0]), (Sort.WORST, [2, 0, 1, 3]), (Sort.UNSURE, [3, 1, 0, 2])],
)
def test_every_order_goes_on_where_its_page_ends(
    database: Database, site_id: UUID, other_site_id: UUID, sort: Sort, order: list[int]
) -> None:
    all_scores: list[dict[str, float]] = [{"insult": 0.8}, {"spam": 0.6, "insult": 0.1}, {"threat": 0.9}, {}]
    places = [site_id, other_site_id, site_id, other_site_id]
    held = [hold(database, place, scores=scores) for place, scores in zip(places, all_scores, strict=True)]
    wanted = Wanted(Queue.HELD, [site_id, other_site_id], sort=sort)

    seen: list[Comment] = []
    with database.reading() as session:
        while page := queues.page(session, wanted, seen[-1].id if seen else None, 1):
            seen += page

    assert [one.id for one in seen] == [held[place].id for place in order]


@pytest.mark.parametrize("sort", [Sort.OLDEST, Sort.NEWEST, Sort.WORST, Sort.UNSURE])
def test_neighbours_are_those_beside_in_the_order_of_the_queue(
    database: Database, site_id: UUID, other_site_id: UUID, sort: Sort
) -> None:
    for number, score in enumerate((0.8, 0.6, 0.9)):
        hold(database, (site_id, other_site_id)[number % 2], scores={"insult": score})
    wanted = Wanted(Queue.HELD, [site_id, other_site_id], sort=sort)

    with database.reading() as session:
        first, second, third = queues.page(session, wanted, None, 10)
        beside = [queues.beside(session, wanted, one) for one in (first, second, third)]

    assert beside == [(None, second.id), (first.id, third.id), (second.id, None)]


def test_what_is_decided_keeps_its_neighbours(database: Database, site_id: UUID) -> None:
    first, second, third = (hold(database, site_id) for _ in range(3))
    decided = decide(database, second, MIA)

    with database.reading() as session:
        assert queues.beside(session, Wanted(Queue.HELD, [site_id]), decided) == (first.id, third.id)


@pytest.mark.parametrize(
    "wanted",
    [
        {"rule": "links"},
        {"label": "threat"},
        {"language": "ja"},
        {"author": "Carl@example.org"},
        {"author": "carl-7"},
        {"post": "treaty"},
        {"older_than": timedelta(days=2)},
        {"text": "zeppelin"},
    ],
    ids=lambda wanted: next(iter(wanted)),
)
def test_a_filter_leaves_what_fits(database: Database, site_id: UUID, wanted: dict[str, Any]) -> None:
    hold(database, site_id)
    field = "author_id" if wanted.get("author") == "carl-7" else "author_email"
    author: dict[str, Any] = {field: "carl-7" if field == "author_id" else "carl@example.org"}
    fits = hold(
        database, site_id, rule="links", scores={"insult": 0.2, "threat": 0.3}, language="ja", post_id="treaty",
        text="A Zeppelin over the bay", days_ago=3, **author,
    )  # fmt: skip

    assert ids(database, site_id, **wanted) == [fits.id]
    with database.reading() as session:
        assert queues.count(session, Wanted(Queue.HELD, [site_id], **wanted)) == 1


def test_young_comments_are_found_by_their_age(database: Database, site_id: UUID) -> None:
    hold(database, site_id, days_ago=2)
    young = hold(database, site_id)

    assert ids(database, site_id, newer_than=timedelta(hours=1)) == [young.id]


@pytest.mark.parametrize("wanted", [{"rule": "links"}, {"text": "100%_zeppelin"}])
def test_what_is_decided_is_found_too(database: Database, site_id: UUID, wanted: dict[str, Any]) -> None:
    decide(database, hold(database, site_id, text="100 x zeppelin"), MIA)
    fits = hold(database, site_id, rule="links", text="A 100%_Zeppelin")
    decide(database, fits, MIA)

    assert ids(database, site_id, queue=Queue.APPROVED, sort=Sort.NEWEST, **wanted) == [fits.id]


@pytest.mark.parametrize("words", ["'", '"', "a & | !", "<->", "-", "%", "\\", "((", "*:", "🙂", "x" * 300])
def test_whatever_is_searched_for_is_only_words(database: Database, site_id: UUID, words: str) -> None:
    hold(database, site_id)

    assert ids(database, site_id, text=words) == []


def test_a_question_goes_to_the_others(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    with database.transaction() as session:
        notes.ask(session, comment, NoteKind.SECOND_OPINION, MIA, "")

    assert ids(database, site_id, reader=Reader(uuid4(), MIA)) == []
    assert ids(database, site_id, reader=Reader(uuid4(), LEO)) == [comment.id]
    assert ids(database, site_id, queue=Queue.ASKED) == [comment.id]


def test_what_is_escalated_goes_to_the_site_s_admins(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    comment = hold(database, site_id)
    with database.transaction() as session:
        notes.ask(session, comment, NoteKind.ESCALATION, MIA, "")

    assert ids(database, site_id, reader=Reader(uuid4(), LEO, [other_site_id])) == []
    assert ids(database, site_id, reader=Reader(uuid4(), LEO, [site_id])) == [comment.id]


def test_an_answered_question_is_closed(database: Database, site_id: UUID) -> None:
    comment = hold(database, site_id)
    with database.transaction() as session:
        notes.ask(session, comment, NoteKind.ESCALATION, MIA, "")
        notes.answer(session, [comment.id])

    assert ids(database, site_id, queue=Queue.ASKED) == []


def test_counts_are_of_the_sites_asked_for(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    for place in (site_id, site_id, other_site_id):
        hold(database, place)

    with database.reading() as session:
        assert queues.waiting(session, [site_id, other_site_id])[Queue.HELD] == {site_id: 2, other_site_id: 1}
        assert queues.waiting(session, [other_site_id]) == {
            Queue.HELD: {other_site_id: 1},
            **{key: {other_site_id: 0} for key in (Queue.ASKED, Queue.REPORTED, Queue.CHECKS)},
        }


def test_what_waits_is_counted_up_to_a_limit(
    database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST_WAITING", 2)
    for _ in range(4):
        hold(database, site_id)

    with database.reading() as session:
        assert queues.waiting(session, [site_id])[Queue.HELD] == {site_id: 3}


def test_only_what_came_since_is_new(database: Database, site_id: UUID) -> None:
    hold(database, site_id)
    with database.reading() as session:
        since = db.now(session)
    hold(database, site_id)

    with database.reading() as session:
        assert queues.new(session, Wanted(Queue.HELD, [site_id]), since, 10) == 1
        assert queues.new(session, Wanted(Queue.HELD, [site_id], rule="links"), since, 10) == 0
