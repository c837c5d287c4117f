"""The model of one site: silent at first, bounded for ever, the same however its lessons came."""

import random

import numpy as np
import pytest

from service.core.models import Category
from tests.workers.learning import lessons
from workers.learning import model
from workers.learning.examples import HEADS
from workers.learning.model import MOST, Model
from workers.learning.trust import Taught


def _shift(heads: dict[str, model.Head], text: str, head: str = "spam") -> float:
    return heads[head].shift(lessons.taught(text, None).example.features)


def test_what_is_like_the_rejected_rises_and_what_is_like_the_approved_does_not() -> None:
    heads = model.fit(lessons.honest(30))

    assert _shift(heads, "cheap watches here") > 0.5
    assert _shift(heads, "the treaty of the harbour") < 0.1


@pytest.mark.parametrize("lessons_of", [lessons.honest(1), lessons.honest(40)[:40], lessons.honest(40)[40:], []])
def test_a_few_verdicts_or_verdicts_of_one_kind_change_nothing(lessons_of: list[Taught]) -> None:
    assert not Model(1, model.fit(lessons_of)).has_learnt


def test_no_shift_is_larger_than_the_bound() -> None:
    heads = model.fit(lessons.honest(400))

    shifts = [_shift(heads, text) for text in (*lessons.SELLING, *lessons.ORDINARY)]

    assert max(map(abs, shifts)) <= MOST


def test_toxic_comments_teach_nothing_about_spam() -> None:
    toxic = [lessons.taught(text, Category.TOXIC) for text in lessons.texts(lessons.SELLING, 30)]

    heads = model.fit([*lessons.honest(30)[:30], *toxic])

    assert not heads["spam"].hashes.size
    assert _shift(heads, "cheap watches here", "toxicity") > 0.5


def test_the_order_of_the_verdicts_does_not_matter() -> None:
    taught = lessons.honest(20)
    mixed = random.Random(3).sample(taught, len(taught))

    heads, others = model.fit(taught), model.fit(mixed)

    assert all(heads[head].weights == pytest.approx(others[head].weights, abs=1e-5) for head in HEADS)


def test_what_is_saved_comes_back() -> None:
    heads = model.fit(lessons.honest(20))

    found = model.load(7, model.save(heads))

    assert found.version == 7
    assert all(np.array_equal(found.heads[head].weights, heads[head].weights) for head in HEADS)
    assert all(np.array_equal(found.heads[head].hashes, heads[head].hashes) for head in HEADS)


def test_the_number_of_weights_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MOST_WEIGHTS", 5)

    head = model.fit(lessons.honest(20))["spam"]

    assert head.hashes.size == 5
    assert sorted(head.hashes) == head.hashes.tolist()
