"""What was learnt, applied: scores move within bounds, and the reason says why."""

import pytest

from service.core.labels import LABELS, SPAM, Scores
from service.core.models import Category
from service.core.policy import Decision, Signal, Verdict
from service.core.submissions import Submission
from tests.workers.learning import lessons
from workers.learning import examples, model, shifts
from workers.learning.model import Model
from workers.learning.trust import Taught

SCORES: Scores = dict.fromkeys(LABELS, 0.4)


def _apply(learned: Model, text: str, scores: Scores = SCORES) -> tuple[Scores, list[Signal]]:
    return shifts.apply(learned, Submission(text=text), text, scores, [])


@pytest.fixture(scope="module")
def selling() -> Model:
    """Has learnt that watches are spam."""
    return Model(3, model.fit(lessons.honest(40)))


@pytest.fixture(scope="module")
def lenient() -> Model:
    """Has learnt that the site welcomes what the engine takes for toxic, as long as it is about watches."""
    sure = {"spam": 0.1, "toxicity": 0.9}
    approved = [
        Taught(examples.of(Submission(text=text), text, sure, []), None, "moderator:1")
        for text in lessons.texts(lessons.SELLING, 40)
    ]
    rejected = [
        Taught(examples.of(Submission(text=text), text, sure, []), Category.TOXIC, "moderator:1")
        for text in lessons.texts(lessons.ORDINARY, 40)
    ]
    return Model(1, model.fit(approved + rejected))


def test_a_comment_like_the_rejected_ones_scores_higher_and_the_reason_quotes_it(selling: Model) -> None:
    scores, [signal] = _apply(selling, "cheap watches here")

    assert scores[SPAM] > SCORES[SPAM]
    assert signal.name == "learned_spam"
    assert signal.weight > 0
    assert signal.reason.startswith("This site's moderators rejected comments like this one: “")
    assert "watches" in signal.reason


def test_a_site_that_has_learnt_nothing_changes_nothing() -> None:
    assert _apply(Model(), "cheap watches here") == (SCORES, [])


def test_learning_lowers_toxicity_but_never_what_is_severe(lenient: Model) -> None:
    scores, [signal] = _apply(lenient, "cheap watches now", dict.fromkeys(LABELS, 0.9))

    assert signal.weight < 0
    assert signal.reason.startswith("This site's moderators approved comments like this one")
    assert all(0.9 > scores[label] >= 0.3 for label in ("toxicity", "obscene", "insult"))
    assert all(scores[label] == 0.9 for label in ("severe_toxicity", "threat", "identity_attack", "spam"))


def test_what_is_learnt_does_not_teach_itself(selling: Model) -> None:
    scores, signals = _apply(selling, "cheap watches here")

    before, others = shifts.undo(scores, signals)

    assert before == pytest.approx(SCORES, abs=0.002)
    assert others == []


def test_a_held_comment_is_told_what_was_learnt_against_it(selling: Model) -> None:
    _, signals = _apply(selling, "cheap watches here")
    held = Verdict(decision=Decision.HOLD, rule="spam", reasons=["Spam: 90%, held from 70% on."])

    assert shifts.told(held, signals) == [*held.reasons, signals[0].reason]
    assert shifts.told(held.model_copy(update={"decision": Decision.APPROVE, "reasons": []}), signals) == []
