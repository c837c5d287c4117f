"""The rules of a site, and the decision that follows from them: a pure function of the evidence."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from service.core import wordlists
from service.core.labels import SPAM, TOXICITY_LABELS, Scores

Label = Literal["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "spam"]
Probability = Annotated[float, Field(ge=0, le=1)]
# What nobody sees again must be likelier than not.
Likely = Annotated[float, Field(ge=0.5, le=1)]
# Something to look for besides spaces and stars, and no NUL, which PostgreSQL cannot store.
Entry = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*[^\x00\s*][^\x00]*$")]
Entries = Annotated[list[Entry], Field(max_length=5000)]
Language = Annotated[str, Field(pattern="^[a-z]{2}$", description="ISO 639-1.", examples=["en"])]

DEFAULT_THRESHOLDS: dict[Label, float] = {
    "toxicity": 0.5,
    "severe_toxicity": 0.3,
    "obscene": 0.5,
    "threat": 0.2,
    "insult": 0.5,
    "identity_attack": 0.5,
    "spam": 0.7,
}

LABEL_WORDS: dict[str, str] = {
    "toxicity": "Toxicity",
    "severe_toxicity": "Severe toxicity",
    "obscene": "Obscene language",
    "threat": "Threat",
    "insult": "Insult",
    "identity_attack": "Attack on a group",
    "spam": "Spam",
}


class Decision(StrEnum):
    """What the machine may say. It rejects and discards only where a site's policy asks for it."""

    APPROVE = "approve"
    HOLD = "hold"
    REJECT = "reject"
    DISCARD = "discard"


class Policy(BaseModel):
    """A site's rules. What is not given keeps its default."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    thresholds: dict[Label, Probability] = Field(
        default_factory=dict, description="A comment that scores this much or more on a label is held."
    )
    reject_at: dict[Label, Likely] = Field(
        default_factory=dict,
        description="A comment that scores this much or more on a label is rejected; no human looks. Off if not given.",
    )
    discard_at: dict[Literal["spam"], Likely] = Field(
        default_factory=dict,
        description="Spam that is rejected, and of which the blog need not keep a copy. Off if not given.",
    )
    unsure: Literal["approve", "hold"] = Field(
        "approve", description="What to do with a comment that scores up to `unsure_margin` below a threshold."
    )
    unsure_margin: Probability = Field(0.1, description="How far below a threshold a score is unsure.")

    held_words: Entries = Field(
        default_factory=list,
        description="Whole words or phrases that hold a comment, whatever their case. `word*` matches beginnings.",
    )
    rejected_words: Entries = Field(default_factory=list, description="The same, but they reject the comment.")
    max_links: int = Field(5, ge=0, description="More links than this hold a comment.")

    trusted_authors: Entries = Field(
        default_factory=list,
        description="E-mail addresses or author ids that are never held as spam, for links or as newcomers.",
    )
    blocked_authors: Entries = Field(
        default_factory=list, description="E-mail addresses or author ids whose comments are rejected."
    )
    trust_after_approved: int | None = Field(
        None, ge=1, description="An author with this many approved comments counts as trusted."
    )
    hold_first_time_authors: bool = Field(False, description="Hold authors that have no approved comment yet.")

    closed_posts: Entries = Field(default_factory=list, description="Ids of posts that take no comments any more.")
    closed_after_days: int | None = Field(
        None,
        ge=1,
        le=36500,
        description="A post takes no comments when it is older than this; needs `post_published_at`.",
    )
    closed: Literal["hold", "reject"] = Field("hold", description="What to do with a comment on a closed post.")

    allowed_languages: list[Language] = Field(
        default_factory=list,
        max_length=200,
        description="A comment in another language is held. Not given: all are allowed.",
    )
    unjudged: Literal["hold", "pass"] = Field(
        "hold",
        description="What to do with a comment in a language that the engine cannot judge: hold it, or leave it to the"
        " rules that need no engine.",
    )

    hold_after_reports: int | None = Field(
        None,
        ge=1,
        le=100,
        description="A comment that so many readers report is held, unless a human has approved it. Off if not given.",
    )
    check_share: Probability = Field(
        0.0,
        description="The share of approved comments that is drawn by lot for a human to look at; they are published"
        " meanwhile. What the machine misses is estimated from them.",
    )

    def threshold(self, label: str) -> float:
        chosen: float | None = self.thresholds.get(label)  # type: ignore[call-overload]
        return DEFAULT_THRESHOLDS[label] if chosen is None else chosen  # type: ignore[index]

    def strongest(self, label: str, score: float) -> tuple[Decision, float] | None:
        """The strongest decision that the score asks for and where that begins; None: it stays below all."""
        limits = (
            (Decision.DISCARD, self.discard_at.get(label)),  # type: ignore[call-overload]
            (Decision.REJECT, self.reject_at.get(label)),  # type: ignore[call-overload]
            (Decision.HOLD, self.threshold(label)),
        )
        return next(((decision, limit) for decision, limit in limits if limit is not None and score >= limit), None)


class UnreadablePolicy(Policy):
    """Stands for stored rules that cannot be read: everything is held."""


class Signal(BaseModel):
    """A named piece of evidence for spam. Its weight adds to the log-odds; below 0 speaks against spam."""

    model_config = ConfigDict(frozen=True)
    name: str
    weight: float
    reason: str


@dataclass(frozen=True)
class Evidence:
    """All that a decision may rest on."""

    text: str  # normalised
    scores: Scores
    links: int = 0
    signals: Sequence[Signal] = ()
    author_names: frozenset[str] = frozenset()  # e-mail address and id, lower case
    author_approved: int = 0  # comments of this author that are approved now
    post_id: str | None = None
    post_age: timedelta | None = None  # when the comment was written
    language: str | None = None  # ISO 639-1; None: too little text to tell
    judged: bool = True  # False: in a language that the engine cannot judge, so its scores say nothing


class Span(BaseModel):
    """A part of the text that carried the decision. It counts Unicode code points of the text as it was sent."""

    model_config = ConfigDict(frozen=True)
    start: int = Field(ge=0)
    end: int = Field(ge=0, description="The first code point behind the span.")
    label: str = Field(
        description="What it carried: a label, or `held_word` or `rejected_word` for a word on the site's lists.",
        examples=["insult"],
    )
    weight: FiniteFloat = Field(description="What it added to the label's log-odds; 0 for a word on a list.")


class Verdict(BaseModel):
    """A decision and everything that explains it."""

    decision: Decision
    category: Literal["spam", "toxic", "other"] | None = Field(None, description="Why the comment was rejected.")
    rule: str = Field(description="The rule that decided: the first that fired; `none` when the comment was approved.")
    reasons: list[str] = Field(description="Every rule that fired, in words for a moderator.")
    # A score that is no number would be over no threshold, and PostgreSQL's JSON has none: better no verdict.
    scores: dict[str, FiniteFloat] = Field(default_factory=dict)
    signals: list[Signal] = Field(default_factory=list)
    language: str | None = Field(None, description="The language that the text was taken for, ISO 639-1.")
    judged: bool = Field(True, description="Whether the engine can judge this language.")
    engine: str | None = Field(None, description="Name and version of what scored the text.")
    policy_version: int | None = None
    spans: list[Span] = Field(
        default_factory=list,
        description="What in the text carried the decision, in order and without overlap; none for approved comments.",
    )
    latency_ms: FiniteFloat | None = Field(
        None,
        description="Scoring time of this comment in milliseconds: the time from the claim of its batch to the batch's"
        " verdicts, divided by the number of comments in the batch. The time in the queue is not in it: from"
        " submission to decision a comment took `decided_at` - `created_at`.",
    )


def decide(policy: Policy, evidence: Evidence) -> Verdict:
    """Do what the first rule in the order of `RULES` says that fires; approve when none does."""
    fired = [(rule, reason) for rule in RULES for reason in rule.reasons(policy, evidence)]
    first = fired[0][0] if fired else None
    return Verdict(
        decision=first.decision if first else Decision.APPROVE,
        category=first.category if first else None,
        rule=first.name if first else "none",
        reasons=[reason for _, reason in fired],
        scores=evidence.scores,
        signals=list(evidence.signals),
        language=evidence.language,
        judged=evidence.judged,
    )


def unscored(reason: str) -> Verdict:
    """The verdict when scoring has failed or is late: a human decides."""
    return Verdict(decision=Decision.HOLD, rule="unscored", reasons=[reason])


def reported(verdict: Verdict, readers: int) -> Verdict:
    """The verdict once so many readers have reported a comment that was approved: a human decides."""
    reasons = [f"Reported by {readers} readers.", *verdict.reasons]
    return verdict.model_copy(update={"decision": Decision.HOLD, "rule": "reported", "reasons": reasons})


def _unreadable(policy: Policy, _: Evidence) -> Iterator[str]:
    if isinstance(policy, UnreadablePolicy):
        yield "This site's policy cannot be read; save it anew. Until then a human decides."


def _blocked_author(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if _is_listed(policy.blocked_authors, evidence):
        yield "The author is on this site's list of blocked authors."


def _words(words: Callable[[Policy], Sequence[str]], policy: Policy, evidence: Evidence) -> Iterator[str]:
    for word in wordlists.find(words(policy), evidence.text):
        yield f"Contains “{word}”, which is on this site's word list."


def _closed_post(answer: str, policy: Policy, evidence: Evidence) -> Iterator[str]:
    if policy.closed != answer:
        return
    if evidence.post_id in policy.closed_posts:
        yield "This post takes no comments any more."
    days, age = policy.closed_after_days, evidence.post_age
    if days is not None and age is not None and age > timedelta(days=days):
        yield f"The post was {age.days} days old; after {days} days it takes no comments."


def _toxicity(decision: Decision, policy: Policy, evidence: Evidence) -> Iterator[str]:
    if evidence.judged:
        for label in TOXICITY_LABELS:
            yield from _over(policy, evidence, label, decision)


def _spam(decision: Decision, policy: Policy, evidence: Evidence) -> Iterator[str]:
    if _is_trusted(policy, evidence):
        return
    for reason in _over(policy, evidence, SPAM, decision):
        yield reason
        yield from (signal.reason for signal in evidence.signals if signal.weight > 0)


def _unjudged(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if policy.unjudged == "hold" and not evidence.judged:
        yield f"The engine cannot judge this language ({evidence.language or 'unknown'})."


def _language(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if policy.allowed_languages and evidence.language and not _is_trusted(policy, evidence):
        allowed = ", ".join(policy.allowed_languages)
        if evidence.language not in policy.allowed_languages:
            yield f"Written in another language ({evidence.language}); this site allows {allowed}."


def _links(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if evidence.links > policy.max_links and not _is_trusted(policy, evidence):
        yield f"{evidence.links} links; this site allows {policy.max_links}."


def _first_time(policy: Policy, evidence: Evidence) -> Iterator[str]:
    newcomer = evidence.author_approved == 0 and not _is_trusted(policy, evidence)
    if policy.hold_first_time_authors and newcomer:
        yield "The author's first comment here."


def _unsure(policy: Policy, evidence: Evidence) -> Iterator[str]:
    if policy.unsure == "approve":
        return
    trusted = _is_trusted(policy, evidence)
    for label in (*(TOXICITY_LABELS if evidence.judged else ()), *(() if trusted else (SPAM,))):
        score, threshold = evidence.scores[label], policy.threshold(label)
        if threshold - policy.unsure_margin <= score < threshold:
            yield f"{LABEL_WORDS[label]}: {score:.0%}, close to the {threshold:.0%} from which it is held."


@dataclass(frozen=True)
class Rule:
    """What it is called, what it does, and for which reasons: none when it does not fire."""

    name: str
    decision: Decision
    reasons: Callable[[Policy, Evidence], Iterator[str]]
    category: Literal["spam", "toxic", "other"] | None = None


# The strongest decisions come first. Abuse counts whoever writes it; trust only answers "is this spam?".
# The names are stored with every verdict and told to blogs: they do not change.
RULES = (
    Rule("spam", Decision.DISCARD, partial(_spam, Decision.DISCARD), "spam"),
    Rule("blocked_author", Decision.REJECT, _blocked_author, "other"),
    Rule("rejected_word", Decision.REJECT, partial(_words, lambda policy: policy.rejected_words), "other"),
    Rule("closed_post", Decision.REJECT, partial(_closed_post, "reject"), "other"),
    Rule("toxicity", Decision.REJECT, partial(_toxicity, Decision.REJECT), "toxic"),
    Rule("spam", Decision.REJECT, partial(_spam, Decision.REJECT), "spam"),
    Rule("unreadable_policy", Decision.HOLD, _unreadable),
    Rule("held_word", Decision.HOLD, partial(_words, lambda policy: policy.held_words)),
    Rule("closed_post", Decision.HOLD, partial(_closed_post, "hold")),
    Rule("toxicity", Decision.HOLD, partial(_toxicity, Decision.HOLD)),
    Rule("spam", Decision.HOLD, partial(_spam, Decision.HOLD)),
    Rule("unjudged", Decision.HOLD, _unjudged),
    Rule("language", Decision.HOLD, _language),
    Rule("links", Decision.HOLD, _links),
    Rule("first_time_author", Decision.HOLD, _first_time),
    Rule("unsure", Decision.HOLD, _unsure),
)

_DONE = {Decision.HOLD: "held", Decision.REJECT: "rejected", Decision.DISCARD: "discarded"}


def _over(policy: Policy, evidence: Evidence, label: str, decision: Decision) -> Iterator[str]:
    score = evidence.scores[label]
    strongest = policy.strongest(label, score)
    if strongest and strongest[0] == decision:
        yield f"{LABEL_WORDS[label]}: {score:.0%}, {_DONE[decision]} from {strongest[1]:.0%} on."


def _is_trusted(policy: Policy, evidence: Evidence) -> bool:
    earned = policy.trust_after_approved is not None and evidence.author_approved >= policy.trust_after_approved
    return earned or _is_listed(policy.trusted_authors, evidence)


def _is_listed(names: Sequence[str], evidence: Evidence) -> bool:
    return not evidence.author_names.isdisjoint(name.casefold() for name in names)
