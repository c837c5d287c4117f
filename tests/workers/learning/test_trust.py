"""Nobody teaches a site alone: 500 hostile verdicts do not change what is decided on ordinary comments."""

import pytest

from service.core.models import Category
from service.core.submissions import Submission
from tests.workers.learning import lessons
from workers.learning import examples, model, trust
from workers.learning.trust import Taught

BARELY = 0.5  # log-odds; an ordinary comment is 1.7 from being held


def _shift(taught: list[Taught], text: str) -> float:
    return model.fit(taught)["spam"].shift(lessons.taught(text, None).example.features)


def _team() -> list[Taught]:
    return lessons.honest(30, "moderator:1") + lessons.honest(30, "moderator:2")


@pytest.mark.parametrize("text", lessons.ORDINARY)
def test_a_moderator_who_opposes_the_others_cannot_have_ordinary_comments_held(text: str) -> None:
    assert _shift(_team() + lessons.hostile(250), text) < BARELY


@pytest.mark.parametrize("text", lessons.SELLING)
def test_a_moderator_who_opposes_the_others_cannot_have_spam_published(text: str) -> None:
    assert _shift(_team() + lessons.hostile(250), text) > -BARELY


def test_what_the_others_taught_is_still_known() -> None:
    alone, attacked = (_shift(taught, "cheap watches") for taught in (_team(), _team() + lessons.hostile(250)))

    assert attacked > 0.5 * alone


def test_two_who_contradict_each_other_are_both_left_out() -> None:
    taught = lessons.honest(30, "moderator:1") + lessons.hostile(250)

    assert all(abs(_shift(taught, text)) < BARELY for text in (*lessons.ORDINARY, *lessons.SELLING))


@pytest.mark.parametrize("text", lessons.ORDINARY)
def test_an_author_who_has_ordinary_sentences_rejected_changes_little(text: str) -> None:
    posted = [lessons.taught(one, lessons.SPAM, author="troll") for one in lessons.texts(lessons.ORDINARY, 500)]

    assert _shift(_team() + posted, text) < BARELY


def test_copies_of_a_text_count_as_one() -> None:
    copies = [lessons.taught("a good point about the harbour", lessons.SPAM, author=f"a-{n}") for n in range(500)]

    weights = trust.weigh(copies, lambda weights: weights)

    assert weights.sum() == pytest.approx(1.0)


def test_a_moderator_alone_counts_as_a_hundred_verdicts_at_most() -> None:
    weights = trust.weigh(lessons.honest(200), lambda weights: weights)

    assert weights.sum() == pytest.approx(100.0)


def test_an_imported_past_counts_in_full() -> None:
    weights = trust.weigh(lessons.honest(200, trust.IMPORT), lambda weights: weights)

    assert weights.sum() == pytest.approx(400.0)


def test_a_moderator_alone_who_turns_the_engines_verdicts_round_teaches_nothing() -> None:
    def one(text: str, spam: float, category: Category | None) -> Taught:
        submission = Submission(text=text)
        return Taught(examples.of(submission, text, {"spam": spam}, []), category, "moderator:1")

    turned = [one(text, 0.9, None) for text in lessons.texts(lessons.SELLING, 30)]
    turned += [one(text, 0.1, lessons.SPAM) for text in lessons.texts(lessons.ORDINARY, 30)]

    assert trust.weigh(turned, lambda weights: weights).sum() == 0
