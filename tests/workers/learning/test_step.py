"""A step of learning: each verdict counts once, whoever is killed, overtaken, erased or asked again."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from service.core import comments, db, lessons, outbox, sites, submissions
from service.core.comments import Settlement
from service.core.db import Database
from service.core.exchange import store as archive
from service.core.exchange.entries import Entry
from service.core.models import Category, Comment, Lesson, OutboxRow, SiteModel
from service.core.policy import Decision, Verdict
from service.core.queue import Topic
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.engines import word_scorer
from tests.workers.learning.lessons import ORDINARY, SELLING, texts
from workers import scoring
from workers.learning import examples, model, seeding, step, store

AIKO = "moderator:aiko"


def test_verdicts_teach_the_site(database: Database, settings: Settings, site_id: UUID) -> None:
    _teach(database, site_id, 12)

    assert step.learn_batch(database, settings) == 24

    row = _model(database, site_id)
    assert (row.version, row.taught) == (1, 24)
    assert _shift(database, site_id, "cheap watches") > 0.3
    assert _owed(database) == []


def test_the_next_comment_is_scored_with_what_was_learnt(database: Database, settings: Settings, site_id: UUID) -> None:
    _teach(database, site_id, 30)
    step.learn_batch(database, settings)
    comment_id = _submit(database, site_id, "cheap watches, now")

    scoring.score_batch(database, word_scorer(), settings)

    with database.reading() as session:
        verdict = session.get_one(Comment, comment_id).verdict or {}
    [signal] = [signal for signal in verdict["signals"] if signal["name"].startswith("learned")]
    assert signal["weight"] > 0
    assert verdict["engine"].endswith(", learned 1")


def test_another_site_learns_nothing(database: Database, settings: Settings, site_id: UUID) -> None:
    with database.transaction() as session:
        elsewhere = sites.create(session, "Another").id
    _teach(database, site_id, 12)

    step.learn_batch(database, settings)

    assert _shift(database, elsewhere, "cheap watches") == 0


def test_what_the_policy_decides_teaches_nothing(database: Database, settings: Settings, site_id: UUID) -> None:
    comment_id = _submit(database, site_id, "a remark")
    with database.transaction() as session:
        verdict = Verdict(decision=Decision.APPROVE, rule="none", reasons=[])
        comments.settle(session, [Settlement(comment_id, 1, verdict)])

    assert step.learn_batch(database, settings) == 0


def test_a_step_that_dies_before_it_commits_is_repeated_and_counts_once(
    database: Database, settings: Settings, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teach(database, site_id, 12)
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "finish", _die)
        with pytest.raises(KeyboardInterrupt):
            step.learn_batch(database, settings)
    _make_due(database)

    assert step.learn_batch(database, settings) == 24

    row = _model(database, site_id)
    assert (row.version, row.taught) == (1, 24)


def test_a_step_that_was_overtaken_saves_nothing_and_is_due_again(
    database: Database, settings: Settings, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    _teach(database, site_id, 12)
    fit = model.fit

    def overtaken(taught: Any) -> Any:
        monkeypatch.setattr(model, "fit", fit)
        with database.transaction() as session:
            comment = submissions.submit(session, site_id, Submission(text="one more"))
            comments.review(session, site_id, comment.id, approve=True, category=None, actor=AIKO)
        step.learn_batch(database, settings)
        return fit(taught)

    monkeypatch.setattr(model, "fit", overtaken)
    step.learn_batch(database, settings)

    assert _model(database, site_id).taught == 25
    assert len(_owed(database)) == 24
    step.learn_batch(database, settings)
    assert (_model(database, site_id).taught, _owed(database)) == (25, [])


def test_a_verdict_that_is_turned_round_is_learnt_anew_and_counts_once(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    ids = _teach(database, site_id, 12)
    step.learn_batch(database, settings)
    before = _shift(database, site_id, "cheap watches")
    for comment_id in ids[12:]:
        _review(database, site_id, comment_id, None)

    step.learn_batch(database, settings)

    assert _model(database, site_id).taught == 24
    assert before > 0.3 > _shift(database, site_id, "cheap watches")


@pytest.mark.parametrize("how", ["erase", "edit"])
def test_what_is_erased_or_edited_is_unlearnt(database: Database, settings: Settings, site_id: UUID, how: str) -> None:
    _teach(database, site_id, 12)
    step.learn_batch(database, settings)
    never_seen = _model(database, site_id).weights
    comment_id = _submit(database, site_id, "cheap cheap watches")
    _review(database, site_id, comment_id, Category.SPAM)
    step.learn_batch(database, settings)
    learnt = _model(database, site_id)
    with database.transaction() as session:
        if how == "erase":
            comments.erase(session, site_id, comment_id, "site")
        else:
            comments.edit(session, site_id, comment_id, Submission(text="something else"))

    step.learn_batch(database, settings)

    row = _model(database, site_id)
    assert (learnt.taught, row.taught, row.version) == (25, 24, 3)
    assert row.weights == never_seen != learnt.weights


def test_a_reset_forgets_all_and_keeps_counting(database: Database, settings: Settings, site_id: UUID) -> None:
    _teach(database, site_id, 12)
    step.learn_batch(database, settings)

    with database.transaction() as session:
        assert lessons.reset(session, site_id) == 24

    row = _model(database, site_id)
    assert (row.version, row.taught) == (2, 0)
    assert _shift(database, site_id, "cheap watches") == 0


def test_the_oldest_lessons_go_and_nobody_pushes_out_the_others(
    database: Database, settings: Settings, site_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "MOST_OF_A_KIND", 8)
    monkeypatch.setattr(step, "MOST_OF_A_MODERATOR", 5)
    for actor, number in (("moderator:first", 4), ("moderator:second", 9)):
        for text in texts(ORDINARY, number):
            _review(database, site_id, _submit(database, site_id, f"{text} {actor}"), None, actor)

    step.learn_batch(database, settings)

    with database.reading() as session:
        actors = sorted(session.exec(select(Lesson.actor)).all())
    assert actors == ["moderator:first"] * 3 + ["moderator:second"] * 5


def test_an_imported_past_is_learnt(database: Database, settings: Settings, site_id: UUID) -> None:
    past = [seeding.Decided(Submission(text=text), None) for text in texts(ORDINARY, 30)]
    past += [seeding.Decided(Submission(text=text), Category.SPAM) for text in texts(SELLING, 30)]

    assert seeding.seed(database, word_scorer(), site_id, past) == 60
    step.learn_batch(database, settings)

    assert _model(database, site_id).taught == 60
    assert _shift(database, site_id, "cheap watches") > 0.3


def test_what_was_imported_is_learnt_once_and_is_older_than_what_moderators_say(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    written_at = datetime(2020, 1, 2, tzinfo=UTC)
    decided = [("approved", text) for text in texts(ORDINARY, 20)] + [("spam", text) for text in texts(SELLING, 20)]
    found = [
        Entry(str(number), {"text": text, "posted_at": written_at}, status)
        for number, (status, text) in enumerate([*decided, ("pending", "undecided")])
    ]
    list(archive.store(database, site_id, found, Counter()))

    numbers = [seeding.seed_from_history(database, word_scorer(), site_id) for _ in range(2)]
    step.learn_batch(database, settings)

    assert numbers == [40, 0]
    assert _model(database, site_id).taught == 40
    assert _shift(database, site_id, "cheap watches") > 0.3
    with database.reading() as session:
        assert {lesson.at for lesson in session.exec(select(Lesson))} == {written_at}


def _teach(database: Database, site_id: UUID, number: int) -> list[UUID]:
    """So many verdicts of each kind; the comments, the approved ones first."""
    ids = []
    for kind, category in ((ORDINARY, None), (SELLING, Category.SPAM)):
        for text in texts(kind, number):
            ids.append(_submit(database, site_id, text))
            _review(database, site_id, ids[-1], category)
    return ids


def _submit(database: Database, site_id: UUID, text: str) -> UUID:
    with database.transaction() as session:
        return submissions.submit(session, site_id, Submission(text=text)).id


def _review(database: Database, site_id: UUID, comment_id: UUID, category: Category | None, actor: str = AIKO) -> None:
    with database.transaction() as session:
        comments.review(session, site_id, comment_id, approve=category is None, category=category, actor=actor)


def _model(database: Database, site_id: UUID) -> SiteModel:
    with database.reading() as session:
        return session.get_one(SiteModel, site_id)


def _shift(database: Database, site_id: UUID, text: str) -> float:
    with database.reading() as session:
        learned = store.load_all(session, [site_id])[site_id]
    features = examples.hashes(examples.features(Submission(text=text), text, []))
    return learned.heads["spam"].shift(features)


def _owed(database: Database) -> list[OutboxRow]:
    with database.reading() as session:
        return list(session.exec(select(OutboxRow).where(col(OutboxRow.topic) == Topic.LEARN)))


def _make_due(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(OutboxRow).values(due_at=db.now(session) - timedelta(seconds=1)))


def _die(*_: object) -> None:
    raise KeyboardInterrupt
