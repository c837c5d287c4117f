"""What a threshold would have held of a site's own history."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from sqlmodel import Session

from service.core import comments, explorer, submissions
from service.core.comments import Review, Settlement
from service.core.db import Database
from service.core.models import Category, Status
from service.core.policy import Decision, Verdict
from service.core.submissions import Submission


def scored(session: Session, site_id: UUID, score: float, human: Status | None = None) -> None:
    """A held comment of this score; a human has decided it, or not looked at it."""
    comment = submissions.submit(session, site_id, Submission(text="Well."))
    session.flush()
    verdict = Verdict(decision=Decision.HOLD, rule="toxicity", reasons=[], scores={"insult": score, "spam": 0})
    comments.settle(session, [Settlement(comment.id, 1, verdict)])
    session.expire_all()
    if human is not None:
        category = Category.TOXIC if human == Status.REJECTED else None
        comments.carry_out(session, site_id, comment.id, Review("moderator:mo", category))


def test_a_threshold_holds_what_reaches_it(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        for score in (0.29, 0.2899, 0.57, 0.58, 1.0, 0.0):
            scored(session, site_id, score)

        history = explorer.look_back(session, site_id, "insult")

    assert history.scored == 6
    assert [history.at(one).number for one in (0, 0.29, 0.3, 0.57, 0.58, 0.59, 1)] == [6, 4, 3, 3, 2, 1, 1]


def test_how_far_back_it_looks_is_told(database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        with database.transaction() as session:
            scored(session, site_id, 0.9)

    with database.reading() as session:
        whole = explorer.look_back(session, site_id, "insult")
        monkeypatch.setattr(explorer, "LOOKED_AT", 2)
        newest = explorer.look_back(session, site_id, "insult")

    assert (whole.scored, whole.is_whole, newest.scored, newest.is_whole) == (3, True, 2, False)
    assert whole.since is not None
    assert newest.since is not None
    assert whole.since < newest.since


def test_what_humans_made_of_it_is_told_apart(database: Database, site_id: UUID) -> None:
    with database.transaction() as session:
        scored(session, site_id, 0.9, Status.REJECTED)
        scored(session, site_id, 0.9, Status.REJECTED)
        scored(session, site_id, 0.6, Status.APPROVED)
        scored(session, site_id, 0.6)

        history = explorer.look_back(session, site_id, "insult")

    assert history.at(0.5) == (4, 1, 2)
    assert history.at(0.7) == (2, 0, 2)
    assert history.precision(0.5).share == pytest.approx(0.6667)
    assert history.precision(0.95).share is None


def test_only_this_site_and_only_what_was_scored_counts(database: Database, site_id: UUID, other_site_id: UUID) -> None:
    with database.transaction() as session:
        scored(session, other_site_id, 0.9)
        comment = submissions.submit(session, site_id, Submission(text="Well."))
        session.flush()
        verdict = Verdict(decision=Decision.HOLD, rule="unscored", reasons=[])
        comments.settle(session, [Settlement(comment.id, 1, verdict)])

        assert explorer.look_back(session, site_id, "insult").scored == 0


def test_only_the_newest_are_looked_at(database: Database, site_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer, "LOOKED_AT", 2)
    scores: Sequence[float] = (0.9, 0.2, 0.3)
    with database.transaction() as session:
        for score in scores:
            scored(session, site_id, score)

        assert explorer.look_back(session, site_id, "insult").at(0.25).number == 1
