"""A name predicts nothing, and what is measured was never learnt."""

import os
import subprocess
import sys
from collections import Counter

import pytest

from service.core.labels import TOXICITY_LABELS
from workers.training import functional, templates


def test_no_frame_is_both_learnt_and_measured() -> None:
    learnt, measured = (
        {frame.sentence.lower() for frame in functional.frames(split)} for split in ("learnt", "measured")
    )
    assert learnt.isdisjoint(measured)


def test_no_measured_text_is_learnt() -> None:
    learnt = {case.text for case in functional.learnt()}
    assert learnt.isdisjoint(case.text for case in functional.measured())


@pytest.mark.parametrize("split", ["learnt", "measured"])
def test_a_frame_is_written_once_and_carries_one_meaning(split: str) -> None:
    sentences = Counter(frame.sentence.lower() for frame in functional.frames(split))
    assert sentences.most_common(1)[0][1] == 1


def test_every_learnt_name_is_as_often_attacked_as_not() -> None:
    attacked, harmless = _uses(functional.learnt())
    assert attacked == harmless
    assert {*attacked} == {name.adjective for name in functional.names()}
    assert {*attacked.values()} == {functional.LEARNT_PER_NAME}


def test_every_name_is_measured_with_the_same_number_of_sentences() -> None:
    for uses in _uses(functional.measured()):
        assert {*uses} == {*templates.NATIONS.values(), *templates.GROUPS}
        assert min(uses.values()) == max(uses.values()) > 100


def test_every_label_is_learnt_and_no_other() -> None:
    assert frozenset().union(*(case.labels for case in functional.learnt())) == {*TOXICITY_LABELS}


def test_what_has_any_label_is_toxic() -> None:
    cases = functional.learnt() + functional.measured()
    assert all("toxicity" in case.labels for case in cases if case.labels)


def test_an_insulted_conviction_is_no_attack_on_an_identity() -> None:
    labels = [case.labels for case in functional.learnt() if case.name in {"vegan", "liberal"} and case.labels]
    assert labels
    assert all("insult" in each and "identity_attack" not in each for each in labels)


def test_another_process_learns_the_same_cases() -> None:
    program = "from workers.training import functional; print(ascii([case.text for case in functional.learnt()]))"
    there = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert there.stdout.strip() == ascii([case.text for case in functional.learnt()])


@pytest.mark.parametrize(
    ("name", "sentence", "filled"),
    [
        ("female", "{S} met {p}.", "A woman met girls."),
        ("Ukrainian", "{S} and {an} team", "A Ukrainian and a Ukrainian team"),
        ("immigrant", "{P}, {s}", "Immigrants, an immigrant"),
    ],
)
def test_a_name_takes_the_form_that_the_sentence_needs(name: str, sentence: str, filled: str) -> None:
    named = next(each for each in functional.names() if each.adjective == name)
    assert named.fill(sentence, turn=1) == filled


def _uses(cases: list[functional.Case]) -> tuple[Counter[str], Counter[str]]:
    named = [case for case in cases if case.name]
    return Counter(case.name for case in named if case.labels), Counter(case.name for case in named if not case.labels)
