"""A comment's life: settled once, reviewed by one, edited, erased without a trace."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlmodel import Session, SQLModel, col, select

from service.core import comments, errors, sites, submissions, webhooks
from service.core.comments import Settlement
from service.core.db import Database
from service.core.events import CommentEvent
from service.core.models import AuditEntry, Category, Comment, Delivery, Endpoint, Event, OutboxRow, Status
from service.core.policy import Decision, Verdict
from service.core.queue import Topic
from tests.core.conftest import owed, rows, stored_now, submission
from tests.core.crowds import at_once
from tests.servers.waiting import eventually

APPROVE = Verdict(decision=Decision.APPROVE, rule="none", reasons=[], scores={"toxicity": 0.01})
HOLD = Verdict(decision=Decision.HOLD, rule="toxicity", reasons=["Toxicity: 99%."], scores={"toxicity": 0.99})


REJECT = Verdict(decision=Decision.REJECT, category="toxic", rule="toxicity", reasons=["Toxicity: 99%."])
DISCARD = Verdict(decision=Decision.DISCARD, category="spam", rule="spam", reasons=["Spam: 99%."])


@pytest.fixture
def endpoint_ids(database: Database, site_id: UUID, other_site_id: UUID) -> list[UUID]:
    """Two that are enabled, beside a disabled one and one of another site."""
    with database.transaction() as session:
        wanted = [_endpoint(session, site_id), _endpoint(session, site_id)]
        webhooks.disable(session, _endpoint(session, site_id), "It is gone.")
        _endpoint(session, other_site_id)
        return [endpoint.id for endpoint in wanted]


def _endpoint(session: Session, site_id: UUID) -> Endpoint:
    return webhooks.create(session, site_id, "https://blog.example.org/hook", allow_private=False)


def _settle(database: Database, comment: Comment, verdict: Verdict, revision: int = 1) -> list[Comment]:
    with database.transaction() as session:
        return comments.settle(session, [Settlement(comment.id, revision, verdict)])


def _review(database: Database, comment: Comment, actor: str = "Mia", **decision: Any) -> Comment:
    with database.transaction() as session:
        decision = {"approve": True, "category": None, **decision}
        return comments.review(session, comment.site_id, comment.id, actor=actor, **decision)


def _edit(database: Database, comment: Comment, **fields: Any) -> Comment:
    with database.transaction() as session:
        return comments.edit(session, comment.site_id, comment.id, submission(**fields))


def _erase(database: Database, comment: Comment) -> None:
    with database.transaction() as session:
        comments.erase(session, comment.site_id, comment.id, "Mia")


def _events(database: Database) -> list[CommentEvent]:
    return [CommentEvent.model_validate_json(event.body) for event in rows(database, Event)]


def test_a_repeat_after_the_decision_tells_the_decision(database: Database, submit: Callable[..., Comment]) -> None:
    comment = submit("key")
    _settle(database, comment, HOLD)

    assert submit("key").status == Status.HELD


def test_a_key_is_free_again_once_its_comment_was_erased(database: Database, submit: Callable[..., Comment]) -> None:
    first = submit("key")
    _erase(database, first)

    assert submit("key").id != first.id


# The machine decides


@pytest.mark.parametrize(("verdict", "status"), [(APPROVE, Status.APPROVED), (HOLD, Status.HELD)])
def test_a_settled_comment_has_the_status_of_its_verdict(
    database: Database, submit: Callable[..., Comment], verdict: Verdict, status: Status
) -> None:
    comment = submit()

    settled = _settle(database, comment, verdict)

    after = stored_now(database, comment)
    assert [c.id for c in settled] == [comment.id]
    assert (after.status, after.decided_by, after.sequence) == (status, comments.POLICY, 1)
    assert after.decided_at is not None
    assert Verdict.model_validate(after.verdict) == verdict


def test_settling_writes_one_event_one_audit_entry_and_owes_each_enabled_endpoint(
    database: Database, submit: Callable[..., Comment], endpoint_ids: list[UUID]
) -> None:
    comment = submit(external_id="c-42", metadata={"page": 3})

    _settle(database, comment, HOLD)

    (event,) = rows(database, Event)
    (told,) = _events(database)
    (entry,) = rows(database, AuditEntry)
    to_deliver = owed(database, Topic.DELIVER)
    assert (event.comment_id, event.sequence, event.type) == (comment.id, 1, "comment.held")
    assert (told.type, told.data.id, told.data.sequence) == ("comment.held", comment.id, 1)
    assert (told.data.external_id, told.data.metadata, told.data.rule) == ("c-42", {"page": 3}, "toxicity")
    assert (entry.actor, entry.action, entry.sequence) == (comments.POLICY, "settle", 1)
    assert (entry.before, entry.after) == (Status.PENDING, Status.HELD)
    assert {row.subject_id for row in to_deliver} == {event.id}
    assert sorted(row.endpoint_id for row in to_deliver if row.endpoint_id) == sorted(endpoint_ids)


def test_an_event_tells_neither_text_nor_person(
    database: Database, submit: Callable[..., Comment], endpoint_ids: list[UUID]
) -> None:
    canaries = {"text": "canary-text", "author_email": "canary@example.org", "author_name": "canary-name"}
    comment = submit(**canaries, author_ip="203.0.113.7")

    _settle(database, comment, HOLD)

    (event,) = rows(database, Event)
    assert not any(canary in event.body for canary in [*canaries.values(), "203.0.113.7"])


def test_a_comment_is_settled_once(database: Database, submit: Callable[..., Comment]) -> None:
    comment = submit()

    first, second = _settle(database, comment, HOLD), _settle(database, comment, APPROVE)

    assert (len(first), len(second)) == (1, 0)
    assert stored_now(database, comment).status == Status.HELD
    assert len(rows(database, Event)) == 1


def test_of_many_who_settle_the_same_comments_at_once_each_comment_is_moved_by_one(
    database: Database, submit: Callable[..., Comment], endpoint_ids: list[UUID]
) -> None:
    ids = [submit().id for _ in range(6)]

    def settle(number: int) -> int:
        settlements = [Settlement(id_, 1, HOLD if number % 2 else APPROVE) for id_ in ids]
        with database.transaction() as session:
            # In both orders: whoever locks rows in the order of its list waits for ever.
            return len(comments.settle(session, settlements[:: 1 if number % 3 else -1]))

    moved = at_once(8, settle)

    assert sum(moved) == len(ids)
    assert [event.sequence for event in rows(database, Event)] == [1] * len(ids)
    assert len(rows(database, AuditEntry)) == len(ids)
    assert len(owed(database, Topic.DELIVER)) == len(ids) * len(endpoint_ids)


def test_a_verdict_on_a_text_that_was_edited_meanwhile_is_void(
    database: Database, submit: Callable[..., Comment]
) -> None:
    comment = submit()
    _edit(database, comment, text="an entirely different text")

    settled = _settle(database, comment, APPROVE, revision=1)

    assert settled == []
    assert stored_now(database, comment).status == Status.PENDING
    assert _settle(database, comment, HOLD, revision=2)


def test_of_a_batch_the_comments_of_every_site_are_settled(
    database: Database, submit: Callable[..., Comment], other_site_id: UUID, endpoint_ids: list[UUID]
) -> None:
    mine = submit()
    with database.transaction() as session:
        other = submissions.submit(session, other_site_id, submission())

    with database.transaction() as session:
        comments.settle(session, [Settlement(mine.id, 1, APPROVE), Settlement(other.id, 1, HOLD)])

    assert (stored_now(database, mine).status, stored_now(database, other).status) == (Status.APPROVED, Status.HELD)
    assert [event.site_id for event in rows(database, Event)] == [mine.site_id, other_site_id]
    assert len(owed(database, Topic.DELIVER)) == len(endpoint_ids) + 1


def test_settling_an_erased_comment_does_nothing(database: Database, submit: Callable[..., Comment]) -> None:
    comment = submit()
    _erase(database, comment)

    assert _settle(database, comment, APPROVE) == []
    assert rows(database, Event) == []


# A human decides


@pytest.mark.parametrize(
    ("approve", "category", "status", "stored"),
    [
        (True, None, Status.APPROVED, None),
        (True, Category.SPAM, Status.APPROVED, None),
        (False, Category.SPAM, Status.REJECTED, Category.SPAM),
        (False, None, Status.REJECTED, Category.OTHER),
    ],
)
def test_a_review_moves_the_comment_and_tells_who_did_it(
    database: Database,
    submit: Callable[..., Comment],
    approve: bool,  # noqa: FBT001
    category: Category | None,
    status: Status,
    stored: Category | None,
) -> None:
    comment = submit()
    _settle(database, comment, HOLD)

    after = _review(database, comment, approve=approve, category=category)

    told, entry = _events(database)[-1], rows(database, AuditEntry)[-1]
    assert (after.status, after.category, after.decided_by, after.sequence) == (status, stored, "Mia", 2)
    assert (told.type, told.data.decided_by, told.data.category) == (f"comment.{status}", "Mia", stored)
    assert (entry.actor, entry.action, entry.before, entry.after) == ("Mia", "review", Status.HELD, status)


def test_of_two_moderators_at_once_one_decides_and_the_other_is_told(
    database: Database, submit: Callable[..., Comment]
) -> None:
    comment = submit()
    _settle(database, comment, HOLD)

    def review(number: int) -> str:
        try:
            approve = number == 0
            return _review(database, comment, f"moderator {number}", approve=approve, sequence=1).status
        except errors.ConflictError as error:
            return str(error)

    answers = at_once(2, review)

    after = stored_now(database, comment)
    assert after.status in answers
    assert "The comment has changed since somebody looked at it." in answers
    assert after.sequence == 2
    assert len(rows(database, Event)) == 2


def test_of_many_reviews_at_once_every_change_has_a_sequence_of_its_own(
    database: Database, submit: Callable[..., Comment]
) -> None:
    comment = submit()
    _settle(database, comment, HOLD)
    categories = list(Category)

    at_once(8, lambda number: _review(database, comment, approve=False, category=categories[number % 4]))

    sequences = [event.sequence for event in rows(database, Event)]
    assert sorted(sequences) == list(range(1, len(sequences) + 1))
    assert stored_now(database, comment).sequence == len(sequences)


def test_a_review_of_what_this_transaction_read_too_early_conflicts(
    postgresql: Database,
) -> None:
    """A page may load the comment and then review it; what it loaded must not count as what is there."""
    with postgresql.transaction() as session:
        site = sites.create(session, "Treaty blog")
        comment = submissions.submit(session, site.id, submission())

    with postgresql.transaction() as session:
        shown = comments.get(session, site.id, comment.id)
        at_once(1, lambda _: _review(postgresql, comment, "Noor", approve=False))
        with pytest.raises(errors.ConflictError):
            comments.review(
                session, site.id, comment.id, approve=True, category=None, actor="Mia", sequence=shown.sequence
            )


def test_the_same_review_again_makes_no_second_event(database: Database, submit: Callable[..., Comment]) -> None:
    comment = submit()

    first = _review(database, comment, "Mia", approve=False, category=Category.SPAM)
    again = _review(database, comment, "Noor", approve=False, category=Category.SPAM)

    assert again.sequence == first.sequence
    assert again.decided_by == "Mia"
    assert len(rows(database, Event)) == len(rows(database, AuditEntry)) == 1


def test_a_double_click_changes_nothing_and_is_no_conflict(database: Database, submit: Callable[..., Comment]) -> None:
    comment = submit()
    _settle(database, comment, HOLD)

    first = _review(database, comment, "Mia", approve=True, sequence=1)
    again = _review(database, comment, "Mia", approve=True, sequence=1)

    assert again.sequence == first.sequence == 2


def test_a_human_who_agrees_with_the_machine_takes_the_decision_over(
    database: Database, submit: Callable[..., Comment]
) -> None:
    comment = submit()
    _settle(database, comment, APPROVE)

    after = _review(database, comment, approve=True)

    assert (after.decided_by, after.sequence) == ("Mia", 2)


def test_a_review_of_a_pending_comment_voids_the_machines_later_verdict(
    database: Database, submit: Callable[..., Comment]
) -> None:
    comment = submit()
    _review(database, comment, approve=False, category=Category.TOXIC)

    settled = _settle(database, comment, APPROVE)

    assert settled == []
    assert stored_now(database, comment).status == Status.REJECTED
    assert [told.type for told in _events(database)] == ["comment.rejected"]


def test_a_comment_that_was_edited_since_it_was_shown_is_not_decided_by_its_old_text(
    database: Database, submit: Callable[..., Comment]
) -> None:
    comment = submit()
    _settle(database, comment, HOLD)
    _edit(database, comment, text="what nobody has read yet")

    with pytest.raises(errors.ConflictError):
        _review(database, comment, approve=True, sequence=1)
    assert stored_now(database, comment).status == Status.PENDING


# The blog changes or erases it


def test_an_edited_comment_is_pending_again_and_decided_anew(
    database: Database, submit: Callable[..., Comment], endpoint_ids: list[UUID]
) -> None:
    comment = submit()
    _review(database, comment, approve=False, category=Category.SPAM)

    _edit(database, comment, text="a changed text", author_email="Aiko@example.org")

    after = stored_now(database, comment)
    assert (after.text, after.author_key, after.revision) == ("a changed text", "mail:aiko@example.org", 2)
    assert after.text_fingerprint != comment.text_fingerprint
    assert (after.status, after.verdict, after.decided_by, after.decided_at, after.category) == (
        Status.PENDING,
        None,
        None,
        None,
        None,
    )
    assert _events(database)[-1].type == "comment.pending"
    assert rows(database, AuditEntry)[-1].actor == comments.SITE
    assert len(owed(database, Topic.SCORE)) == 2


def test_an_edit_with_the_same_content_changes_nothing(database: Database, submit: Callable[..., Comment]) -> None:
    content = {"author_ip": "::ffff:203.0.113.7", "posted_at": "2026-11-01T21:00:00+09:00", "fill_seconds": 1.5}
    comment = submit(external_id="c-42", **content)
    _settle(database, comment, HOLD)

    after = _edit(database, comment, **content, metadata={"page": 4})

    assert (after.status, after.revision, after.sequence) == (Status.HELD, 1, 1)
    assert stored_now(database, comment).extra == {"page": 4}
    assert len(rows(database, Event)) == 1
    assert len(owed(database, Topic.SCORE)) == 1


def test_an_edit_keeps_the_external_id(database: Database, submit: Callable[..., Comment]) -> None:
    comment = submit(external_id="c-42")

    _edit(database, comment, text="a changed text", external_id="c-43")

    assert stored_now(database, comment).external_id == "c-42"


def test_an_erased_comment_leaves_no_byte_of_itself_in_any_table(
    database: Database, submit: Callable[..., Comment], endpoint_ids: list[UUID], tmp_path: Path
) -> None:
    canaries = {
        "text": "canary-text",
        "author_name": "canary-name",
        "author_email": "canary@example.org",
        "author_id": "canary-account",
        "author_url": "https://canary.example/",
        "user_agent": "canary-browser",
        "permalink": "https://canary.example/post",
        "external_id": "canary-external",
    }
    comment = submit("canary-key", **canaries, author_ip="203.0.113.77", metadata={"note": "canary-note"})
    submit("another-canary-key", **canaries, author_ip="203.0.113.77", metadata={"note": "canary-note"})
    quoting = HOLD.model_copy(update={"reasons": ["Contains “canary-word”."]})
    _settle(database, comment, quoting)
    _review(database, comment, approve=False, category=Category.SPAM)
    with database.transaction() as session:
        session.add(_delivery(comment, rows(database, Event)[0], endpoint_ids[0]))
    assert "canary" in _dump(database)

    _erase(database, comment)

    dump = _dump(database)
    assert "canary" not in dump
    assert "203.0.113.77" not in dump
    (*_, entry) = rows(database, AuditEntry)
    assert (entry.comment_id, entry.action, entry.actor) == (comment.id, "erase", "Mia")
    assert (entry.before, entry.after) == (Status.REJECTED, None)
    # What is left is owed to the site: to forget what the comment taught.
    assert {row.subject_id for row in rows(database, OutboxRow)} == {comment.site_id}
    if database.engine.dialect.name == "sqlite":
        assert b"canary" not in (tmp_path / "gatepost.db").read_bytes()


def _delivery(comment: Comment, event: Event, endpoint_id: UUID) -> Delivery:
    return Delivery(
        site_id=comment.site_id,
        event_id=event.id,
        endpoint_id=endpoint_id,
        attempt=1,
        duration_ms=5,
        response="canary-answer",
    )


def _dump(database: Database) -> str:
    with database.engine.connect() as connection:
        return "\n".join(
            f"{table.name}: {list(row)!r}"
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(text(f'SELECT * FROM "{table.name}"'))
        )


def test_erasing_one_comment_leaves_the_others(
    database: Database, submit: Callable[..., Comment], endpoint_ids: list[UUID]
) -> None:
    erased, kept = submit("key 1"), submit("key 2")
    _settle(database, kept, HOLD)

    _erase(database, erased)

    assert [comment.id for comment in rows(database, Comment)] == [kept.id]
    assert [event.comment_id for event in rows(database, Event)] == [kept.id]
    assert len(owed(database, Topic.DELIVER)) == len(endpoint_ids)
    assert submit("key 2").id == kept.id


def test_erasing_and_recording_an_attempt_do_not_wait_for_each_other(postgresql: Database) -> None:
    """A courier has locked the event and goes on to its outbox row, while the blog erases the comment."""
    with postgresql.transaction() as session:
        site = sites.create(session, "Treaty blog")
        _endpoint(session, site.id)
        comment = submissions.submit(session, site.id, submission())
    _settle(postgresql, comment, HOLD)
    (event,) = rows(postgresql, Event)
    (row,) = owed(postgresql, Topic.DELIVER)

    def record(_: int) -> None:
        with postgresql.transaction() as session:
            session.get(Event, event.id, with_for_update={"key_share": True})
            eventually(lambda: _someone_waits(postgresql))
            session.execute(update(OutboxRow).where(col(OutboxRow.id) == row.id).values(attempts=1))

    def erase(_: int) -> None:
        eventually(lambda: _event_is_locked(postgresql, event.id))
        _erase(postgresql, comment)

    at_once(2, lambda number: (record, erase)[number](number))

    assert rows(postgresql, Comment) == rows(postgresql, OutboxRow) == []


def _someone_waits(database: Database) -> bool:
    with database.reading() as session:
        waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return session.execute(text(waiting)).first() is not None


def _event_is_locked(database: Database, event_id: UUID) -> bool:
    with database.reading() as session:
        free = select(Event.id).where(col(Event.id) == event_id).with_for_update(skip_locked=True)
        return session.exec(free).first() is None


# Looking up


ACTIONS: list[Callable[[Session, UUID, UUID], object]] = [
    comments.get,
    lambda session, site_id, id_: comments.edit(session, site_id, id_, submission(text="changed")),
    lambda session, site_id, id_: comments.erase(session, site_id, id_, "Mia"),
    lambda session, site_id, id_: comments.review(session, site_id, id_, approve=True, category=None, actor="Mia"),
]


@pytest.mark.parametrize("action", ACTIONS, ids=["get", "edit", "erase", "review"])
def test_a_comment_of_another_site_is_not_found_and_not_changed(
    database: Database,
    submit: Callable[..., Comment],
    other_site_id: UUID,
    action: Callable[[Session, UUID, UUID], object],
) -> None:
    comment = submit()

    with pytest.raises(errors.NotFoundError), database.transaction() as session:
        action(session, other_site_id, comment.id)
    assert stored_now(database, comment).model_dump() == comment.model_dump()


def _page(database: Database, site_id: UUID, **filters: Any) -> Sequence[Comment]:
    wanted = {"status": None, "external_id": None, "after": None, "limit": 3, **filters}
    with database.reading() as session:
        return comments.find(session, site_id, **wanted)


def test_pages_follow_each_other_without_gap_or_overlap_while_comments_come_in(
    database: Database, submit: Callable[..., Comment], site_id: UUID
) -> None:
    ids = [submit().id for _ in range(8)]

    found: list[UUID] = []
    after = None
    while page := _page(database, site_id, after=after):
        found += [comment.id for comment in page]
        after = found[-1]
        submit()

    assert found == ids[::-1]


def test_comments_are_found_by_status_and_by_external_id(
    database: Database, submit: Callable[..., Comment], site_id: UUID, other_site_id: UUID
) -> None:
    held, pending = submit(external_id="c-1"), submit(external_id="c-2")
    with database.transaction() as session:
        submissions.submit(session, other_site_id, submission(external_id="c-2"))
    _settle(database, held, HOLD)

    assert [c.id for c in _page(database, site_id, status=Status.HELD)] == [held.id]
    assert [c.id for c in _page(database, site_id, external_id="c-2")] == [pending.id]
    assert _page(database, site_id, status=Status.HELD, external_id="c-2") == []


@pytest.mark.parametrize(("verdict", "category"), [(REJECT, Category.TOXIC), (DISCARD, Category.SPAM)])
def test_what_the_policy_rejects_or_discards_is_rejected_with_the_category_and_told(
    database: Database, submit: Callable[..., Comment], verdict: Verdict, category: Category
) -> None:
    comment = submit()

    [settled] = _settle(database, comment, verdict)

    assert (settled.status, settled.category, settled.decided_by) == (Status.REJECTED, category, "policy")
    assert (settled.verdict or {})["decision"] == verdict.decision
    with database.reading() as session:
        assert session.exec(select(Event.type).where(col(Event.comment_id) == comment.id)).all() == ["comment.rejected"]


def test_a_human_may_approve_what_the_policy_has_rejected(database: Database, submit: Callable[..., Comment]) -> None:
    comment = submit()
    _settle(database, comment, REJECT)

    reviewed = _review(database, comment)

    assert (reviewed.status, reviewed.category, reviewed.decided_by) == (Status.APPROVED, None, "Mia")
