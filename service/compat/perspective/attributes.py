"""The attributes of Perspective: those that a score of ours answers for, and the others."""

from service.core.labels import SPAM
from service.core.perspective import ATTRIBUTES
from service.core.policy import Decision, Verdict

PROBABILITY = "PROBABILITY"

LIKELY_TO_REJECT = "LIKELY_TO_REJECT"
# Perspective had them; nothing of ours says what they say.
_UNKNOWN_TO_US = {
    *("SEXUALLY_EXPLICIT", "FLIRTATION"),
    *("ATTACK_ON_AUTHOR", "ATTACK_ON_COMMENTER", "INCOHERENT", "INFLAMMATORY", "UNSUBSTANTIAL"),
    *("AFFINITY_EXPERIMENTAL", "COMPASSION_EXPERIMENTAL", "CURIOSITY_EXPERIMENTAL", "NUANCE_EXPERIMENTAL"),
    *("PERSONAL_STORY_EXPERIMENTAL", "REASONING_EXPERIMENTAL", "RESPECT_EXPERIMENTAL", "ALIENATION_EXPERIMENTAL"),
    *("FEARMONGERING_EXPERIMENTAL", "GENERALIZATION_EXPERIMENTAL", "MORAL_OUTRAGE_EXPERIMENTAL"),
    *("POWER_APPEAL_EXPERIMENTAL", "SCAPEGOATING_EXPERIMENTAL"),
}
# The languages of Perspective's documentation; each attribute has some of them.
_LANGUAGES = {
    *("ar", "zh", "cs", "nl", "en", "fr", "de", "hi", "hi-Latn"),
    *("id", "it", "ja", "ko", "pl", "pt", "ru", "es", "sv"),
}
# The policy may have other grounds than scores: a word on its list, too many links, an author.
_AT_LEAST = {Decision.APPROVE: 0.0, Decision.HOLD: 0.5, Decision.REJECT: 1.0, Decision.DISCARD: 1.0}


def bare(name: str) -> str:
    """Without the version: `TOXICITY@6`."""
    return name.partition("@")[0]


def is_known(name: str) -> bool:
    return bare(name) in ATTRIBUTES or bare(name) == LIKELY_TO_REJECT or bare(name) in _UNKNOWN_TO_US


def is_scored(name: str) -> bool:
    return bare(name) not in _UNKNOWN_TO_US


def needs_language(name: str) -> bool:
    """Whether an engine reads the text for it; spam and the policy's word do not depend on that alone."""
    return ATTRIBUTES.get(bare(name), SPAM) != SPAM


def score(name: str, verdict: Verdict) -> float:
    """The attribute's score, 0 to 1. LIKELY_TO_REJECT: the highest of all, and what the policy says in any case."""
    if bare(name) == LIKELY_TO_REJECT:
        # In a language that the engine cannot judge, only spam has a score that says something.
        scores = verdict.scores if verdict.judged else {SPAM: verdict.scores[SPAM]}
        return max(_AT_LEAST[verdict.decision], *scores.values())
    return verdict.scores[ATTRIBUTES[bare(name)]]


def is_supported_language(language: str) -> bool:
    """BCP 47: `en-US` is English, `hi-Latn` another than Hindi."""
    return language in _LANGUAGES or language.partition("-")[0].lower() in _LANGUAGES
