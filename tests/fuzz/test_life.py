"""Any life of a comment: whatever the blog, moderators, workers and accidents do, and in whatever order.

`make fuzz MINUTES=30` goes on for that long.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, inspect, text
from sqlmodel import Session, col, select

from service.core import comments, errors, outbox, sites, submissions, webhooks
from service.core.db import Database
from service.core.labels import Scores
from service.core.models import AuditEntry, Category, Comment, Delivery, Endpoint, Event, OutboxRow, Site, Status
from service.core.queue import Topic
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.engines import WordEngine, WordSpam
from tests.servers.receiver import Answer, Receiver
from workers import delivery, scoring
from workers.judgement import Scorer

pytestmark = pytest.mark.alone

MINUTES = float(os.environ.get("GATEPOST_FUZZ_MINUTES", "0"))
WORDS = st.sampled_from(["kind", "insult", "threat", "unscorable"])
CATEGORIES = st.none() | st.sampled_from(Category)
ACTORS = st.sampled_from([comments.SITE, "moderator:1", "moderator:2"])
LATER = timedelta(hours=1)
CONFIGURATION = Settings(webhook_allow_private=True, deliver_timeout=timedelta(seconds=5))


class KilledError(BaseException):
    """`kill -9` of a worker, as far as its database can tell: nothing comes after the claim."""


class InterruptedEngine(WordEngine):
    """Lets something happen while it scores, when no transaction is open."""

    def __init__(self, happening: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._happening = happening

    def score(self, texts: Sequence[str]) -> list[Scores]:
        happening, self._happening = self._happening, lambda: None
        happening()
        return super().score(texts)


class Life(RuleBasedStateMachine):
    known = Bundle("known")

    def __init__(self, database: Database, receiver: Receiver) -> None:
        super().__init__()
        self.database = database
        self.receiver = receiver
        self.erased: dict[UUID, str] = {}
        self.sequences: Counter[UUID] = Counter()
        with database.transaction() as session:
            self.site_id = sites.create(session, str(uuid4())).id
            endpoint = webhooks.create(session, self.site_id, receiver.url, allow_private=True)
            self.endpoint_id = endpoint.id

    # What the blog does.

    @initialize(target=known, words=st.lists(WORDS, min_size=3, max_size=3))
    def some_are_there(self, words: list[str]) -> object:
        return multiple(*(self.submit(word, key=False, named=False) for word in words))

    @rule(target=known, word=WORDS, key=st.booleans(), named=st.booleans())
    def submit(self, word: str, *, key: bool, named: bool) -> UUID:
        mark = uuid4().hex
        submission = _submission(word, mark, external_id=mark if named else None)
        idempotency_key = mark if key else None
        with self.database.transaction() as session:
            first = submissions.submit(session, self.site_id, submission, idempotency_key)
        if key or named:
            with self.database.transaction() as session:
                assert submissions.submit(session, self.site_id, submission, idempotency_key).id == first.id
        return first.id

    @rule(comment_id=known, word=WORDS)
    def edit(self, comment_id: UUID, word: str) -> None:
        with self.database.transaction() as session:
            comment = self._get(session, comment_id)
            before = comment.text, comment.revision
            comments.edit(session, self.site_id, comment_id, _submission(word, _mark(comment)))
            assert (comment.text != before[0]) == (comment.revision == before[1] + 1)

    @rule(target=known, comment_id=consumes(known), while_it_is_scored=st.booleans())
    def erase(self, comment_id: UUID, *, while_it_is_scored: bool) -> object:
        if while_it_is_scored:
            self._score(lambda: self._erase(comment_id))
        if comment_id not in self.erased:
            self._erase(comment_id)
        return multiple()

    # What people decide.

    @rule(comment_id=known, approve=st.booleans(), category=CATEGORIES, actor=ACTORS)
    def review(self, comment_id: UUID, category: Category | None, actor: str, *, approve: bool) -> None:
        with self.database.transaction() as session:
            sequence = self._get(session, comment_id).sequence
            with pytest.raises(errors.ConflictError):
                self._review(session, comment_id, "somebody else", None, sequence - 1, approve=approve)
            reviewed = self._review(session, comment_id, actor, category, sequence, approve=approve)
            assert reviewed.status == (Status.APPROVED if approve else Status.REJECTED)

    # What workers do, and what happens to them.

    @rule()
    def score(self) -> None:
        self._score()

    @rule()
    def score_and_be_killed(self) -> None:
        self._score(_be_killed)

    @rule(target=known, before=WORDS, after=WORDS)
    def score_while_the_blog_edits(self, before: str, after: str) -> object:
        comment_id: Any = self.submit(before, key=False, named=False)
        self._score(lambda: self.edit(comment_id, after))
        return comment_id

    @rule(comment_id=known, approve=st.booleans())
    def score_while_a_human_decides(self, comment_id: UUID, *, approve: bool) -> None:
        self._score(lambda: self.review(comment_id, None, "moderator:1", approve=approve))

    @rule()
    def score_past_the_lease_while_another_scores(self) -> None:
        def freeze() -> None:
            self.time_passes()
            self._score()

        self._score(freeze)

    @rule(status=st.sampled_from([200, 500]), again=st.booleans())
    def deliver(self, status: int, *, again: bool) -> None:
        self.receiver.otherwise = Answer(status=status)
        delivery.deliver_batch(self.database, CONFIGURATION)
        with self.database.transaction() as session:
            attempt = session.exec(select(Delivery.id).where(Delivery.site_id == self.site_id)).first()
            if again and attempt:
                webhooks.redeliver(session, self.site_id, attempt)

    @rule()
    def time_passes(self) -> None:
        """A courier is killed with what it has claimed; then every lease and every pause ends, every retry is due."""
        with self.database.transaction() as session:
            outbox.claim(session, Topic.DELIVER, 1, LATER / 2)
        with self.database.transaction() as session:
            for row in session.exec(select(OutboxRow)).all():
                row.due_at -= LATER
            endpoint = session.get_one(Endpoint, self.endpoint_id)
            endpoint.paused_until = endpoint.paused_until and endpoint.paused_until - LATER

    # What must be true at any moment.

    @invariant()
    def what_is_pending_is_owed_a_decision(self) -> None:
        with self.database.reading() as session:
            pending = set(session.exec(select(Comment.id).where(Comment.status == Status.PENDING)).all())
            owed = set(session.exec(select(OutboxRow.subject_id).where(OutboxRow.topic == Topic.SCORE)).all())
        assert pending <= owed

    @invariant()
    def every_change_has_its_number_its_entry_and_its_event(self) -> None:
        with self.database.reading() as session:
            rows = session.exec(select(Comment).order_by(col(Comment.id))).all()
            events = session.exec(select(Event).order_by(col(Event.sequence))).all()
            entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence))).all()
        for comment in rows:
            told = [event for event in events if event.comment_id == comment.id]
            written = [entry for entry in entries if entry.comment_id == comment.id]
            numbers = [*range(1, comment.sequence + 1)]
            assert [event.sequence for event in told] == [entry.sequence for entry in written] == numbers
            assert [entry.after for entry in written] == [json.loads(event.body)["data"]["status"] for event in told]
            assert [entry.after for entry in written][-1:] in ([comment.status], [])
            assert comment.sequence >= self.sequences[comment.id]
            self.sequences[comment.id] = comment.sequence

    @invariant()
    def each_revision_is_decided_by_the_machine_once_at_most(self) -> None:
        with self.database.reading() as session:
            entries = session.exec(select(AuditEntry).order_by(col(AuditEntry.sequence))).all()
        decided: Counter[UUID] = Counter()
        for entry in entries:
            if entry.action == "edit":
                decided[entry.comment_id] = 0
            if entry.action == "settle":
                assert entry.before == Status.PENDING
                decided[entry.comment_id] += 1
            assert decided[entry.comment_id] <= 1

    @invariant()
    def the_machine_approves_the_text_that_it_has_read(self) -> None:
        with self.database.reading() as session:
            approved = select(Comment.text).where(
                Comment.status == Status.APPROVED, Comment.decided_by == comments.POLICY
            )
            assert {one.split()[0] for one in session.exec(approved)} <= {"kind"}

    @invariant()
    def every_event_is_owed_to_the_endpoint_or_was_delivered(self) -> None:
        with self.database.reading() as session:
            events = set(session.exec(select(Event.id)).all())
            owed = Counter(session.exec(select(OutboxRow.subject_id).where(OutboxRow.topic == Topic.DELIVER)).all())
            delivered = set(session.exec(select(Delivery.event_id).where(webhooks.succeeded())).all())
        assert events <= owed.keys() | delivered
        assert {event for event in events - delivered if owed[event] > 1} <= self._sent_again()

    def teardown(self) -> None:
        try:
            self._work_off()
            for mark in self.erased.values():
                self._nothing_is_left_of(mark)
        finally:
            with self.database.transaction() as session:
                for table in (Site, OutboxRow):
                    session.execute(delete(table))

    def _work_off(self) -> None:
        """After every accident: the work goes on, and ends."""
        self.receiver.otherwise = Answer()
        # An unscorable comment is given to a human after its attempts, one comment a step.
        for _ in range(100):
            self.time_passes()
            if not (self._score() + delivery.deliver_batch(self.database, CONFIGURATION)):
                break
        with self.database.reading() as session:
            assert not session.exec(select(Comment.id).where(Comment.status == Status.PENDING)).all()
            assert not session.exec(select(OutboxRow.id).where(OutboxRow.topic != Topic.LEARN)).all()

    def _score(self, happening: Callable[[], None] = lambda: None) -> int:
        try:
            return scoring.score_batch(self.database, Scorer(InterruptedEngine(happening), WordSpam()), CONFIGURATION)
        except KilledError:
            return 1

    def _erase(self, comment_id: UUID) -> None:
        with self.database.transaction() as session:
            mark = _mark(self._get(session, comment_id))
            comments.erase(session, self.site_id, comment_id, comments.SITE)
        self.erased[comment_id] = mark
        self._nothing_is_left_of(mark)

    def _review(
        self,
        session: Session,
        comment_id: UUID,
        actor: str,
        category: Category | None,
        sequence: int,
        *,
        approve: bool,
    ) -> Comment:
        return comments.review(
            session, self.site_id, comment_id, approve=approve, category=category, actor=actor, sequence=sequence
        )

    def _get(self, session: Session, comment_id: UUID) -> Comment:
        return comments.get(session, self.site_id, comment_id)

    def _sent_again(self) -> set[UUID]:
        with self.database.reading() as session:
            return set(session.exec(select(Delivery.event_id)).all())

    def _nothing_is_left_of(self, mark: str) -> None:
        with self.database.reading() as session:
            for table in inspect(self.database.engine).get_table_names():
                for row in session.execute(text(f'SELECT * FROM "{table}"')):
                    assert mark not in repr(row), table


def _be_killed() -> None:
    raise KilledError


def _submission(word: str, mark: str, **fields: object) -> Submission:
    return Submission.model_validate({"text": f"{word} {mark}", "author_name": mark, **fields})


def _mark(comment: Comment) -> str:
    return comment.text.split()[1]


@pytest.mark.timeout(600 + 60 * MINUTES)
def test_no_life_of_a_comment_ends_stuck_doubled_or_remembered(database: Database, receiver: Receiver) -> None:
    def run(examples: int, **how: Any) -> None:
        chosen = settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
            **how,
        )
        # It wants a class, and takes what makes one's instances.
        run_state_machine_as_test(lambda: Life(database, receiver), settings=chosen)  # type: ignore[arg-type]

    if not MINUTES:
        # The same lives every time: a change breaks the test, not the day.
        run(12, derandomize=True, phases=[Phase.generate])
    until = time.monotonic() + 60 * MINUTES
    while time.monotonic() < until:
        run(50)
