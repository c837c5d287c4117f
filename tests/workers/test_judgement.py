"""What an engine may judge: languages that it was made for, and texts too short to tell."""

from collections.abc import Sequence
from uuid import uuid4

import pytest

from service.core.labels import SPAM, Scores
from service.core.models import Comment
from service.core.policy import Policy, Verdict
from tests.engines import WordEngine, WordSpam
from workers import judgement
from workers.judgement import Case, Scorer
from workers.signals.signal import History

GERMAN = "Ich glaube nicht, dass das heute noch etwas wird: insult"


class EnglishEngine(WordEngine):
    languages = frozenset({"en"})


class SpamReader(WordEngine):
    """Tells spam too, of texts that say “offer”; says nothing of it where the text has “unread”."""

    def score(self, texts: Sequence[str]) -> list[Scores]:
        told = [{} if "unread" in text else {SPAM: 0.99 if "offer" in text else 0.01} for text in texts]
        return [{**scores, **of_spam} for scores, of_spam in zip(super().score(texts), told, strict=True)]


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


def test_what_the_engine_reads_of_spam_counts_beside_the_text_model() -> None:
    offered, remarked, unread = (judge(f"An {word}", SpamReader()).scores[SPAM] for word in ("offer", "owl", "unread"))

    assert remarked < offered
    assert unread == judge("An unread", WordEngine()).scores[SPAM]


def test_an_engine_is_asked_once_for_toxicity_and_spam() -> None:
    engine = SpamReader()

    judge("An offer", engine)

    assert engine.batches == [["An offer"]]


def test_a_disguised_text_keeps_the_higher_answer_on_spam() -> None:
    assert judge("An 0ff3r of v1agra", SpamReader()).scores[SPAM] > judge("An owl of v1agra", SpamReader()).scores[SPAM]
