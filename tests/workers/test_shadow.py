"""Shadow mode: it sees what was settled, decides by its own rules, and nobody feels it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from service.core import shadows, sites, submissions
from service.core.db import Database
from service.core.labels import TOXICITY_LABELS, Scores
from service.core.models import Comment, Shadow, ShadowVerdict, Status
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.engines import WordEngine, WordSpam, word_scorer
from workers import scorers, scoring
from workers.judgement import Scorer


class SternEngine(WordEngine):
    """Finds everything insulting; counts its batches like the other."""

    name = "stern"

    def score(self, texts: Sequence[str]) -> list[Scores]:
        super().score(texts)
        return [dict.fromkeys(TOXICITY_LABELS, 0.01) | {"insult": 0.9} for _ in texts]


def _put(database: Database, site_id: UUID, rules: dict[str, Any] | None, engine: str | None = None) -> None:
    with database.transaction() as session:
        shadows.put(
            session, site_id, Shadow(site_id=site_id, name="trial", rules=rules, engine=engine, created_by="Mia")
        )


def _submit(database: Database, site_id: UUID, text: str) -> UUID:
    with database.transaction() as session:
        return submissions.submit(session, site_id, Submission(text=text)).id


def _said(database: Database) -> list[ShadowVerdict]:
    with database.reading() as session:
        return list(session.exec(select(ShadowVerdict).order_by(col(ShadowVerdict.comment_id))))


def _statuses(database: Database) -> list[Status]:
    with database.reading() as session:
        return [comment.status for comment in session.exec(select(Comment).order_by(col(Comment.id)))]


def test_a_policy_on_trial_decides_from_the_live_scores(database: Database, settings: Settings, site_id: UUID) -> None:
    _put(database, site_id, {"thresholds": {"insult": 1}, "rejected_words": ["treaty"]})
    for text in ("a treaty", "an insult", "thank you"):
        _submit(database, site_id, text)
    scorer = word_scorer()

    scoring.score_batch(database, scorer, settings)

    decided = [(row.live_decision, row.decision, row.rule) for row in _said(database)]
    assert decided == [
        ("approve", "reject", "rejected_word"),
        ("hold", "approve", "none"),
        ("approve", "approve", "none"),
    ]
    assert _statuses(database) == [Status.APPROVED, Status.HELD, Status.APPROVED]
    assert isinstance(scorer.engine, WordEngine)
    assert len(scorer.engine.batches) == 1


def test_an_engine_on_trial_scores_the_same_comments_under_the_live_rules(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    _put(database, site_id, None, "onnx")
    _submit(database, site_id, "thank you")
    with_shadow = settings.model_copy(update={"shadow_engine": "onnx"})

    scoring.score_batch(database, Scorer(WordEngine(), WordSpam(), SternEngine()), with_shadow)

    [row] = _said(database)
    assert (row.live_decision, row.decision, row.rule) == ("approve", "hold", "toxicity")
    assert row.scores["insult"] == 0.9
    assert row.engine is not None
    assert row.engine.startswith("stern 1")
    assert _statuses(database) == [Status.APPROVED]


def test_an_engine_that_is_not_loaded_says_nothing(database: Database, settings: Settings, site_id: UUID) -> None:
    _put(database, site_id, None, "onnx")
    _submit(database, site_id, "thank you")

    scoring.score_batch(database, word_scorer(), settings)

    assert _said(database) == []
    assert _statuses(database) == [Status.APPROVED]


class BrokenEngine(WordEngine):
    def score(self, texts: Sequence[str]) -> list[Scores]:
        raise RuntimeError(f"{len(texts)} texts cannot be scored")


def test_a_shadow_that_breaks_is_not_felt(
    database: Database,
    settings: Settings,
    site_id: UUID,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    _put(database, site_id, None, "onnx")
    _submit(database, site_id, "thank you")
    with_shadow = settings.model_copy(update={"shadow_engine": "onnx"})

    claimed = scoring.score_batch(database, Scorer(WordEngine(), WordSpam(), BrokenEngine()), with_shadow)

    assert claimed == 1
    assert _statuses(database) == [Status.APPROVED]
    assert _said(database) == []
    # To the terminal, or where a test before this one has sent the logs.
    assert "shadow.failed" in capsys.readouterr().out + caplog.text


def test_rules_on_trial_that_cannot_be_read_stop_no_other_trial(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    with database.transaction() as session:
        other = sites.create(session, "Another").id
    _put(database, site_id, {"gone": 1})
    _put(database, other, {"max_links": 0})
    _submit(database, site_id, "thank you")
    _submit(database, other, "thank you")

    scoring.score_batch(database, word_scorer(), settings)

    assert [row.site_id for row in _said(database)] == [other]
    assert _statuses(database) == [Status.APPROVED, Status.APPROVED]


def test_a_site_without_a_trial_has_nothing_recorded(database: Database, settings: Settings, site_id: UUID) -> None:
    _submit(database, site_id, "thank you")

    scoring.score_batch(database, word_scorer(), settings)

    assert _said(database) == []


def test_a_comment_that_could_not_be_scored_says_nothing_about_a_shadow(
    database: Database, settings: Settings, site_id: UUID
) -> None:
    _put(database, site_id, {"max_links": 0})
    _submit(database, site_id, "unscorable")
    impatient = settings.model_copy(update={"score_attempts": 0})

    scoring.score_batch(database, word_scorer(), impatient)

    assert _statuses(database) == [Status.HELD]
    assert _said(database) == []


def test_an_engine_on_trial_that_cannot_be_loaded_does_not_stop_the_live_one(settings: Settings) -> None:
    wanted = settings.model_copy(update={"engine": "compact", "shadow_engine": "onnx", "onnx_folder": None})

    scorer = scorers.load_scorer(wanted)

    assert (scorer.engine.name, scorer.shadow) == ("compact", None)
