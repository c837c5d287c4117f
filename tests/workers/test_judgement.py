"""What an engine may judge: languages that it was made for, and texts too short to tell."""

from uuid import uuid4

import pytest

from service.core.models import Comment
from service.core.policy import Policy, Verdict
from tests.engines import WordEngine, WordSpam
from workers import judgement
from workers.judgement import Case, Scorer
from workers.signals.signal import History

GERMAN = "Ich glaube nicht, dass das heute noch etwas wird: insult"


class EnglishEngine(WordEngine):
    languages = frozenset({"en"})


def judge(text: str, engine: WordEngine, policy: Policy | None = None) -> Verdict:
    case = Case(Comment(site_id=uuid4(), text=text, text_fingerprint=0), 1, policy or Policy(), History())
    [verdict] = judgement.judge(Scorer(engine, WordSpam()), [case])
    return verdict


def test_a_language_that_the_engine_does_not_know_is_not_judged() -> None:
    verdict = judge(GERMAN, EnglishEngine())

    assert (verdict.language, verdict.judged) == ("de", False)


@pytest.mark.parametrize("text", ["I think that you are right about the garden", "Gut so", ""])
def test_its_own_language_and_what_is_too_short_to_tell_are_judged(text: str) -> None:
    assert judge(text, EnglishEngine()).judged


def test_an_engine_for_any_language_judges_every_one() -> None:
    verdict = judge(GERMAN, WordEngine())

    assert (verdict.language, verdict.judged) == ("de", True)


def test_the_policy_says_whether_what_cannot_be_judged_is_held() -> None:
    held = judge(GERMAN, EnglishEngine(), Policy(unjudged="hold"))
    passed = judge(GERMAN, EnglishEngine(), Policy(unjudged="pass"))

    assert (held.rule, passed.rule) == ("unjudged", "none")
