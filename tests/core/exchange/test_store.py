"""Storing an archive: history stays history, and nothing is stored twice."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from service.core import comments, db, submissions
from service.core.db import Database
from service.core.exchange import backlog, entries, store
from service.core.exchange.entries import Entry
from service.core.models import AuditEntry, Category, Comment, Event, OutboxRow, Status
from service.core.queue import Topic
from tests.core.conftest import owed, rows, submission

WRITTEN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def entry(number: int = 1, status: str = "approved", **fields: Any) -> Entry:
    known = {"text": f"Comment {number}.", "author_email": "aiko@example.org", "posted_at": WRITTEN, **fields}
    return Entry(str(number), known, status)


def put(database: Database, site_id: UUID, found: Iterable[Entry]) -> tuple[store.Progress, Counter[str]]:
    damage: Counter[str] = Counter()
    *_, last = store.store(database, site_id, found, damage)
    return last, damage


@pytest.mark.parametrize(
    ("word", "status", "category"),
    [
        ("1", Status.APPROVED, None),
        ("spam", Status.REJECTED, Category.SPAM),
        ("trash", Status.REJECTED, Category.OTHER),
        ("deleted", Status.REJECTED, Category.OTHER),
        ("toxic", Status.REJECTED, Category.TOXIC),
        ("0", Status.HELD, None),
        ("", Status.HELD, None),
    ],
)
def test_what_was_decided_stays_decided_and_the_rest_is_held(
    database: Database, site_id: UUID, word: str, status: Status, category: Category | None
) -> None:
    put(database, site_id, [entry(status=word)])

    [comment] = rows(database, Comment)
    assert (comment.status, comment.category, comment.decided_by) == (status, category, comments.IMPORT)
    assert comment.decided_at == (None if status == Status.HELD else WRITTEN)
    assert (comment.verdict is not None) == (status == Status.HELD)
    assert comment.rule == ("imported" if status == Status.HELD else None)


def test_what_is_imported_owes_nothing_and_tells_nobody(database: Database, site_id: UUID) -> None:
    put(database, site_id, [entry(1, "approved"), entry(2, "spam"), entry(3, "pending")])

    assert rows(database, OutboxRow) == rows(database, Event) == rows(database, AuditEntry) == []


def test_a_comment_takes_its_place_among_the_old(database: Database, site_id: UUID) -> None:
    put(database, site_id, [entry(1), entry(2, posted_at=datetime(1950, 1, 1, tzinfo=UTC))])

    oldest, old = rows(database, Comment)
    assert (oldest.external_id, old.external_id) == ("2", "1")
    assert old.created_at == WRITTEN
    assert db.first_id(WRITTEN) < old.id < db.first_id(WRITTEN + timedelta(seconds=1))


def test_approved_comments_count_for_their_author(database: Database, site_id: UUID) -> None:
    put(database, site_id, [entry(1), entry(2), entry(3, "spam")])

    live = submissions.build([submissions.arrival(site_id, submission(author_email="Aiko@example.org"))], WRITTEN)
    with database.reading() as session:
        counts = comments.count_by_author(session, live)
    assert {status: number for (_, _, status), number in counts.items()} == {Status.APPROVED: 2, Status.REJECTED: 1}


def test_the_same_archive_again_changes_nothing(database: Database, site_id: UUID) -> None:
    found = [entry(number) for number in range(1200)]
    first, _ = put(database, site_id, found)
    before = rows(database, Comment)

    second, _ = put(database, site_id, found)

    assert (first.stored.total(), first.known) == (1200, 0)
    assert (second.stored.total(), second.known) == (0, 1200)
    assert rows(database, Comment) == before


def test_an_import_that_breaks_off_goes_on_where_it_was(database: Database, site_id: UUID) -> None:
    def broken() -> Iterator[Entry]:
        yield from (entry(number) for number in range(1300))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(database, site_id, broken())
    kept = len(rows(database, Comment))
    total, _ = put(database, site_id, (entry(number) for number in range(1300)))

    assert kept == 1000
    assert (total.stored.total(), total.known) == (300, 1000)
    assert len({comment.external_id for comment in rows(database, Comment)}) == 1300


def test_a_comment_that_the_file_has_twice_is_stored_once(database: Database, site_id: UUID) -> None:
    total, damage = put(database, site_id, [entry(1), entry(1)])

    assert (total.stored.total(), total.known, damage.total()) == (1, 1, 0)


def test_a_comment_with_the_id_of_another_is_told_and_not_taken_for_it(database: Database, site_id: UUID) -> None:
    put(database, site_id, [entry(1)])

    total, damage = put(database, site_id, [entry(1, posted_at=WRITTEN + timedelta(days=1))])

    assert (total.known, +damage) == (0, Counter({store.CLASH: 1}))


def test_a_live_comment_is_not_overwritten_by_the_archive(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        live = submissions.submit(session, site_id, submission(external_id="1", posted_at=WRITTEN))

    put(database, site_id, [entry(1, "spam")])

    assert [comment.id for comment in rows(database, Comment)] == [live.id]


@pytest.mark.parametrize(
    ("changed", "damage"),
    [
        ({"text": "  "}, entries.NO_TEXT),
        ({"status": "post-trashed"}, entries.UNKNOWN_STATUS),
        ({"number": ""}, store.NO_ID),
        ({"text": "\ud800"}, entries.INVALID),
    ],
)
def test_what_cannot_be_taken_is_left_out_and_told(
    database: Database, site_id: UUID, changed: dict[str, Any], damage: str
) -> None:
    arguments: dict[str, Any] = {"number": 2, **changed}

    total, told = put(database, site_id, [entry(1), entry(**arguments)])

    assert (total.stored.total(), dict(+told)) == (1, {damage: 1})


def test_a_field_that_says_nothing_is_dropped_and_the_comment_kept(database: Database, site_id: UUID) -> None:
    bad: dict[str, Any] = {"author_url": "x" * 3000, "author_ip": "unknown", "metadata": {"a": float("nan")}}

    total, told = put(database, site_id, [entry(1, text="x" * 60_000, **bad)])

    [comment] = rows(database, Comment)
    assert total.stored.total() == 1
    assert (comment.author_url, comment.author_ip, comment.extra, len(comment.text)) == (None, None, {}, 50_000)
    assert dict(+told) == {entries.FIELD_DROPPED: 1, entries.CUT_SHORT: 1}


def test_progress_tells_what_was_stored(database: Database, site_id: UUID) -> None:
    total, _ = put(
        database, site_id, [entry(1), entry(2, "spam"), entry(3, "trash"), entry(4, "0"), entry(5, type="pingback")]
    )

    assert total.stored == {"approved": 2, "spam": 1, "rejected": 1, "held": 1}
    assert (total.by_blogs, total.seen) == (1, 5)


@pytest.mark.parametrize(("approved_too", "pending"), [(False, {"3"}), (True, {"1", "3"})])
def test_the_backlog_is_owed_and_can_wait(
    database: Database, site_id: UUID, *, approved_too: bool, pending: set[str]
) -> None:
    put(database, site_id, [entry(1), entry(2, "spam"), entry(3, "pending")])

    numbers = list(backlog.owe(database, site_id, approved_too=approved_too))

    waiting = [comment for comment in rows(database, Comment) if comment.status == Status.PENDING]
    assert {comment.external_id for comment in waiting} == pending
    assert sum(numbers) == len(pending)
    assert {row.subject_id for row in owed(database, Topic.SCORE)} == {comment.id for comment in waiting}
    assert all(row.due_at.year == 9000 for row in owed(database, Topic.SCORE))
    assert {(c.verdict, c.decided_by, c.decided_at, c.category) for c in waiting} == {(None, None, None, None)}
    assert rows(database, Event) == []


def test_a_backlog_is_owed_once(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    put(database, site_id, [entry(1, "pending")])
    put(database, other_site_id, [entry(2, "pending")])

    assert list(backlog.owe(database, site_id, approved_too=True)) == [1]
    assert list(backlog.owe(database, site_id, approved_too=True)) == []
    assert [one.action for one in rows(database, AuditEntry)] == ["reconsider"]
