"""The scorer's step: claim, score as one batch, settle; whatever breaks, dies or changes meanwhile."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from service.core import comments, db, outbox, sites, submissions, webhooks
from service.core.db import Database
from service.core.labels import LABELS, Scores
from service.core.models import Comment, Event, OutboxRow, SpotCheck, Status
from service.core.policy import Policy
from service.core.queue import Topic
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.engines import WordEngine, WordSpam, word_scorer
from workers import scoring
from workers.judgement import Scorer

LEASE = timedelta(minutes=1)


class Interrupted(WordEngine):
    """Lets something happen between claiming and settling."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.meanwhile = meanwhile

    def score(self, texts: Sequence[str]) -> list[Scores]:
        scores = super().score(texts)
        self.meanwhile()
        return scores


def test_a_harmless_comment_is_approved_with_all_that_explains_it(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id, "A thought about the treaty, see http://a.example for more of it")

    assert scoring.score_batch(database, word_scorer(), settings) == 1

    comment = _get(database, comment_id)
    assert comment.status == Status.APPROVED
    assert comment.decided_by == "policy"
    assert comment.decided_at is not None
    verdict = _verdict(comment)
    assert verdict["decision"] == "approve"
    assert verdict["rule"] == "none"
    assert verdict["scores"].keys() == set(LABELS)
    assert verdict["scores"]["toxicity"] == 0.01
    assert [signal["reason"] for signal in verdict["signals"]] == ["A link in the text."]
    assert verdict["engine"] == "words 1, spam 1"
    assert verdict["policy_version"] == 1


def test_a_toxic_comment_is_held_with_the_reason(database: Database, settings: Settings, site_id: UUID) -> None:
    comment_id = _submit(database, site_id, "an insult")

    scoring.score_batch(database, word_scorer(), settings)

    comment = _get(database, comment_id)
    assert comment.status == Status.HELD
    assert _verdict(comment)["rule"] == "toxicity"
    assert _verdict(comment)["reasons"] == ["Insult: 99%, held from 50% on."]


def test_what_the_site_wants_checked_is_drawn_from_what_is_approved(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    with database.transaction() as session:
        sites.put_policy(session, site_id, Policy(check_share=1.0), "site")
    approved, _ = _submit(database, site_id, "Thank you."), _submit(database, site_id, "an insult")

    scoring.score_batch(database, word_scorer(), settings)

    with database.reading() as session:
        [drawn] = session.exec(select(SpotCheck)).all()
    assert (drawn.comment_id, drawn.share, drawn.checked_at) == (approved, 1.0, None)


def test_signals_count_for_spam_beside_the_words(database: Database, settings: Settings, site_id: UUID) -> None:
    comment_id = _submit(database, site_id, "Lovely post", honeypot="filled in")

    scoring.score_batch(database, word_scorer(), settings)

    comment = _get(database, comment_id)
    assert comment.status == Status.HELD
    assert _verdict(comment)["rule"] == "spam"
    assert "A form field that people do not see was filled in." in _verdict(comment)["reasons"]


def test_a_batch_is_scored_in_one_call(database: Database, settings: Settings, site_id: UUID) -> None:
    texts = [f"text {number}" for number in range(5)]
    for text in texts:
        _submit(database, site_id, text)
    engine = WordEngine()

    assert scoring.score_batch(database, Scorer(engine, WordSpam()), settings) == 5

    assert [sorted(batch) for batch in engine.batches] == [texts]
    assert _rows(database) == []


def test_long_texts_are_scored_in_several_calls(database: Database, settings: Settings, site_id: UUID) -> None:
    lengths = (6_000, 3_000, 12_000, 500)
    for number, length in enumerate(lengths):
        _submit(database, site_id, f"{number} {'long ' * (length // 5)}")
    engine = WordEngine()

    assert scoring.score_batch(database, Scorer(engine, WordSpam()), settings) == len(lengths)

    assert [len(batch) for batch in engine.batches] == [2, 1, 1]
    assert _rows(database) == []


def test_what_a_slow_engine_does_not_come_to_is_given_back_untried(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    for number in range(3):
        _submit(database, site_id, f"{number} {'long ' * 2_000}")
    hasty = settings.model_copy(update={"score_lease": timedelta(seconds=1)})
    scorer = Scorer(Interrupted(lambda: time.sleep(0.4)), WordSpam())

    assert scoring.score_batch(database, scorer, hasty) == 3

    rows = _rows(database)
    assert [(row.attempts, row.lease) for row in rows] == [(0, None)] * 2
    assert scoring.score_batch(database, word_scorer(), settings) == 2


def test_a_site_whose_policy_cannot_be_read_holds_up_no_other_and_its_comment_goes_to_a_human(
    database: Database, settings: Settings, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        broken = sites.create(session, "From a later release").id
    unreadable, other = _submit(database, broken), _submit(database, site_id)
    genuine = sites.live_policies

    def live_policies(session: Session, site_ids: set[UUID]) -> dict[UUID, tuple[int, Policy]]:
        if broken in site_ids:
            raise ValueError("a rule that this release does not know")
        return genuine(session, site_ids)

    monkeypatch.setattr(sites, "live_policies", live_policies)
    for _ in range(2 * (settings.score_attempts + 1)):
        with suppress(ValueError):
            scoring.score_batch(database, word_scorer(), settings)
        _make_due(database)

    assert _get(database, other).status == Status.APPROVED
    assert _get(database, unreadable).status == Status.HELD
    assert _verdict(_get(database, unreadable))["reasons"] == [scoring.FAILED]


def test_a_comment_that_kills_or_hangs_every_scorer_is_with_a_human_in_two_minutes() -> None:
    settings = Settings(_env_file=None)

    # It is claimed once more to be held. The rest is for those who look for due rows.
    assert settings.score_attempts <= 3
    assert settings.score_attempts * settings.score_lease <= timedelta(minutes=2) - timedelta(seconds=20)


def test_a_batch_is_no_larger_than_was_set(database: Database, settings: Settings, site_id: UUID) -> None:
    for _ in range(5):
        _submit(database, site_id)
    small = settings.model_copy(update={"score_batch": 2})
    engine = WordEngine()

    claimed = [scoring.score_batch(database, Scorer(engine, WordSpam()), small) for _ in range(4)]

    assert claimed == [2, 2, 1, 0]
    assert [len(batch) for batch in engine.batches] == [2, 2, 1]


def test_nothing_due_asks_no_engine(database: Database, settings: Settings) -> None:
    engine = WordEngine()

    assert scoring.score_batch(database, Scorer(engine, WordSpam()), settings) == 0

    assert engine.batches == []


def test_a_reader_sees_text_and_so_does_the_engine(database: Database, settings: Settings, site_id: UUID) -> None:
    _submit(database, site_id, "<p title='threat'>Fish &amp; chips, 1 &lt; 2</p>")
    engine = WordEngine()

    scoring.score_batch(database, Scorer(engine, WordSpam()), settings)

    [[text]] = engine.batches
    assert text.split() == ["Fish", "&", "chips,", "1", "<", "2"]


def test_links_are_counted_before_the_markup_is_gone(database: Database, settings: Settings, site_id: UUID) -> None:
    comment_id = _submit(database, site_id, f"Six links: {'<a href=/a>a</a> ' * 6}")

    scoring.score_batch(database, word_scorer(), settings)

    assert _verdict(_get(database, comment_id))["rule"] == "links"


def test_a_comment_that_breaks_the_engine_stops_no_other(database: Database, settings: Settings, site_id: UUID) -> None:
    poison = _submit(database, site_id, "unscorable")
    others = [_submit(database, site_id) for _ in range(6)]

    scoring.score_batch(database, word_scorer(), settings)

    assert {_get(database, other).status for other in others} == {Status.APPROVED}
    assert _get(database, poison).status == Status.PENDING
    [row] = _rows(database)
    assert (row.subject_id, row.attempts, row.lease) == (poison, 1, None)


def test_a_comment_that_breaks_the_engine_is_held_after_its_attempts(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id, "unscorable")
    engine = WordEngine()
    steps = 0

    while scoring.score_batch(database, Scorer(engine, WordSpam()), settings):
        steps += 1
        _make_due(database)

    assert len(engine.batches) == settings.score_attempts
    assert steps == settings.score_attempts + 1
    comment = _get(database, comment_id)
    assert comment.status == Status.HELD
    assert _verdict(comment)["rule"] == "unscored"
    assert _verdict(comment)["reasons"] == [scoring.FAILED]


def test_a_failed_comment_waits_longer_each_time(database: Database, settings: Settings, site_id: UUID) -> None:
    _submit(database, site_id, "unscorable")
    waits = []

    for _ in range(settings.score_attempts):
        with database.reading() as session:
            before = db.now(session)
        scoring.score_batch(database, word_scorer(), settings)
        waits.append(_rows(database)[0].due_at - before)
        _make_due(database)

    assert waits == sorted(waits)
    assert waits[0] >= timedelta(seconds=1)
    assert waits[-1] < timedelta(seconds=30)


def test_a_comment_that_is_all_hostile_markup_is_decided(database: Database, settings: Settings, site_id: UUID) -> None:
    comment_id = _submit(database, site_id, "&#" + "9" * 40_000 + "; <a href='http://[::1'>")

    scoring.score_batch(database, word_scorer(), settings)

    assert _get(database, comment_id).status == Status.APPROVED


def test_two_scorers_at_once_decide_each_comment_once(database: Database, settings: Settings, site_id: UUID) -> None:
    ids = {_submit(database, site_id) for _ in range(40)}
    small = settings.model_copy(update={"score_batch": 3})
    engines = [WordEngine(), WordEngine()]
    failures: list[Exception] = []
    start = threading.Barrier(len(engines))

    def drain(engine: WordEngine) -> None:
        start.wait()
        try:
            while scoring.score_batch(database, Scorer(engine, WordSpam()), small):
                pass
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=drain, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert sum(len(batch) for engine in engines for batch in engine.batches) == len(ids)
    assert _events(database) == {comment_id: ["comment.approved"] for comment_id in ids}
    assert _rows(database) == []


def test_a_dead_scorers_batch_is_taken_over_after_its_lease(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id)
    with database.transaction() as session:
        assert outbox.claim(session, Topic.SCORE, 10, settings.score_lease)

    assert scoring.score_batch(database, word_scorer(), settings) == 0
    _make_due(database)
    assert scoring.score_batch(database, word_scorer(), settings) == 1

    assert _get(database, comment_id).status == Status.APPROVED


def test_the_verdict_of_a_lost_lease_is_void(database: Database, settings: Settings, site_id: UUID) -> None:
    comment_id = _submit(database, site_id)

    def lose() -> None:
        _make_due(database)
        with database.transaction() as session:
            assert outbox.claim(session, Topic.SCORE, 10, LEASE)

    scoring.score_batch(database, Scorer(Interrupted(lose), WordSpam()), settings)

    assert _get(database, comment_id).status == Status.PENDING
    assert _events(database) == {}
    assert len(_rows(database)) == 1


def test_a_scorer_that_wakes_after_another_has_decided_changes_nothing(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id, "a threat")

    def overtake() -> None:
        _make_due(database)
        scoring.score_batch(database, word_scorer(), settings)

    scoring.score_batch(database, Scorer(Interrupted(overtake), WordSpam()), settings)

    assert _get(database, comment_id).sequence == 1
    assert _events(database) == {comment_id: ["comment.held"]}


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_an_erased_comment_closes_its_row(database: Database, settings: Settings, site_id: UUID, when: str) -> None:
    comment_id = _submit(database, site_id)
    other = _submit(database, site_id)

    def erase() -> None:
        with database.transaction() as session:
            comments.erase(session, site_id, comment_id, "site")

    if when == "before":
        erase()
    scorer = Scorer(Interrupted(erase), WordSpam()) if when == "meanwhile" else word_scorer()
    scoring.score_batch(database, scorer, settings)

    assert _rows(database) == []
    assert _get(database, other).status == Status.APPROVED
    assert _events(database) == {other: ["comment.approved"]}


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_humans_decision_stands_and_closes_the_row(
    database: Database, settings: Settings, site_id: UUID, when: str
) -> None:
    comment_id = _submit(database, site_id)

    def reject() -> None:
        with database.transaction() as session:
            comments.review(session, site_id, comment_id, approve=False, category=None, actor="aiko")

    if when == "before":
        reject()
    scorer = Scorer(Interrupted(reject), WordSpam()) if when == "meanwhile" else word_scorer()
    scoring.score_batch(database, scorer, settings)

    comment = _get(database, comment_id)
    assert (comment.status, comment.decided_by) == (Status.REJECTED, "aiko")
    assert _events(database) == {comment_id: ["comment.rejected"]}
    assert _rows(database) == []


def test_an_edit_during_scoring_voids_the_verdict_and_the_new_text_is_decided(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id, "harmless")
    scorer = Scorer(Interrupted(lambda: _edit(database, site_id, comment_id, "a threat")), WordSpam())

    scoring.score_batch(database, scorer, settings)

    assert _get(database, comment_id).status == Status.PENDING
    scoring.score_batch(database, word_scorer(), settings)
    comment = _get(database, comment_id)
    assert comment.status == Status.HELD
    assert _verdict(comment)["rule"] == "toxicity"
    assert _events(database) == {comment_id: ["comment.pending", "comment.held"]}
    assert _rows(database) == []


def test_an_edit_before_scoring_leads_to_one_decision_on_the_new_text(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    comment_id = _submit(database, site_id, "harmless")
    _edit(database, site_id, comment_id, "a threat")

    scoring.score_batch(database, word_scorer(), settings)

    assert _get(database, comment_id).status == Status.HELD
    assert _events(database) == {comment_id: ["comment.pending", "comment.held"]}
    assert _rows(database) == []


def test_the_live_policy_decides_and_is_named(database: Database, settings: Settings, site_id: UUID) -> None:
    with database.transaction() as session:
        elsewhere = sites.create(session, "Another").id
        version = sites.put_policy(session, site_id, Policy(held_words=["treaty"]), actor="aiko").version
    here, there = _submit(database, site_id, "The treaty"), _submit(database, elsewhere, "The treaty")

    scoring.score_batch(database, word_scorer(), settings)

    assert version == 2
    held, approved = _get(database, here), _get(database, there)
    assert (held.status, _verdict(held)["rule"], _verdict(held)["policy_version"]) == (Status.HELD, "held_word", 2)
    assert (approved.status, _verdict(approved)["policy_version"]) == (Status.APPROVED, 1)


def test_a_decision_owes_each_endpoint_its_event(database: Database, settings: Settings, site_id: UUID) -> None:
    with database.transaction() as session:
        ids = {webhooks.create(session, site_id, f"https://{n}.example/", allow_private=False).id for n in "ab"}
    comment_id = _submit(database, site_id)

    scoring.score_batch(database, word_scorer(), settings)

    with database.reading() as session:
        event = session.exec(select(Event).where(col(Event.comment_id) == comment_id)).one()
        rows = session.exec(select(OutboxRow)).all()
    assert {(row.topic, row.subject_id, row.endpoint_id) for row in rows} == {
        (Topic.DELIVER, event.id, endpoint_id) for endpoint_id in ids
    }


def test_what_is_overdue_is_held_with_the_reason(database: Database, settings: Settings, site_id: UUID) -> None:
    comment_id = _submit(database, site_id)
    _make_old(database, settings.score_within)
    recent = _submit(database, site_id)

    assert scoring.hold_overdue(database, settings) == 1

    assert _get(database, recent).status == Status.PENDING
    comment = _get(database, comment_id)
    assert comment.status == Status.HELD
    assert _verdict(comment)["rule"] == "unscored"
    assert _verdict(comment)["reasons"] == [scoring.LATE]
    assert _events(database) == {comment_id: ["comment.held"]}
    assert [row.subject_id for row in _rows(database)] == [recent]


def test_what_may_have_killed_its_batch_is_claimed_alone(database: Database, settings: Settings, site_id: UUID) -> None:
    before = {_submit(database, site_id) for _ in range(3)}
    with database.transaction() as session:
        # A worker claims all three and dies.
        outbox.claim(session, Topic.SCORE, 10, settings.score_lease)
    _make_due(database)
    after = {_submit(database, site_id) for _ in range(2)}
    scorer = word_scorer()

    assert scoring.score_batch(database, scorer, settings) == 3

    settled = {one for one in before | after if _get(database, one).status == Status.APPROVED}
    assert settled > after
    assert len(settled & before) == 1
    assert isinstance(scorer.engine, WordEngine)
    assert sorted(map(len, scorer.engine.batches)) == [1, 2]


def test_a_backlog_waits_until_nothing_is_due_and_goes_in_small_batches(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    few = max(1, settings.score_batch // 16)
    backlog = {_submit_waiting(database, site_id) for _ in range(2 * few)}
    live = _submit(database, site_id)
    order: list[int] = []
    scorer = word_scorer()

    while claimed := scoring.score_batch(database, scorer, settings):
        order.append(claimed)
        assert _get(database, live).status == Status.APPROVED

    assert order == [1, few, few]
    assert {_get(database, one).status for one in backlog} == {Status.APPROVED}


def _submit_waiting(database: Database, site_id: UUID) -> UUID:
    comment_id = _submit(database, site_id)
    with database.transaction() as session:
        outbox.forget(session, [comment_id])
        outbox.put_all(session, Topic.SCORE, [(comment_id, None)], can_wait=True)
    return comment_id


def _submit(database: Database, site_id: UUID, text: str | None = None, **content: Any) -> UUID:
    with database.transaction() as session:
        submission = Submission(text=text or f"A remark, number {db.new_id()}", **content)
        return submissions.submit(session, site_id, submission).id


def _edit(database: Database, site_id: UUID, comment_id: UUID, text: str) -> None:
    with database.transaction() as session:
        comments.edit(session, site_id, comment_id, Submission(text=text))


def _get(database: Database, comment_id: UUID) -> Comment:
    with database.reading() as session:
        return session.get_one(Comment, comment_id)


def _verdict(comment: Comment) -> dict[str, Any]:
    assert comment.verdict is not None
    return comment.verdict


def _events(database: Database) -> dict[UUID | None, list[str]]:
    """The types of each comment's events, in order."""
    found: dict[UUID | None, list[str]] = {}
    with database.reading() as session:
        for event in session.exec(select(Event).order_by(col(Event.sequence))):
            found.setdefault(event.comment_id, []).append(event.type)
    return found


def _rows(database: Database) -> Sequence[OutboxRow]:
    with database.reading() as session:
        return session.exec(select(OutboxRow).where(col(OutboxRow.topic) == Topic.SCORE)).all()


def _make_old(database: Database, age: timedelta) -> None:
    with database.transaction() as session:
        session.execute(update(OutboxRow).values(created_at=db.now(session) - age))


def _make_due(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(OutboxRow).values(due_at=db.now(session) - timedelta(seconds=1)))
