"""Two sites with what moderators see on an ordinary day, for screenshots and for tests that read whole pages."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from service.core import (
    claims,
    comments,
    db,
    invitations,
    keys,
    moderators,
    notes,
    reports,
    sites,
    spot_checks,
    submissions,
)
from service.core.comments import Review, Settlement
from service.core.insights import Figures
from service.core.models import (
    Category,
    Comment,
    Delivery,
    Endpoint,
    Event,
    InsightDay,
    NoteKind,
    Role,
    Scope,
    Site,
    Status,
)
from service.core.policy import Decision, Policy, Signal, Span, Verdict
from service.core.reports import Complaint
from service.core.spot_checks import Kind
from service.core.submissions import Submission

EMAIL = "mira@example.org"
PASSWORD = "correct horse battery"
QUIET = {"toxicity": 0.03, "severe_toxicity": 0.01, "obscene": 0.02, "threat": 0.01, "insult": 0.02, "spam": 0.04}


@dataclass(frozen=True)
class Sample:
    author: str
    text: str
    reasons: Sequence[str]
    rule: str = "toxicity"
    scores: dict[str, float] = field(default_factory=dict)
    marked: Sequence[tuple[str, str, float]] = ()
    hours: float = 1
    language: str = "en"
    more: dict[str, Any] = field(default_factory=dict)
    signals: Sequence[tuple[str, float]] = ()


TREATY = {
    "post_id": "treaty",
    "post_title": "What the treaty means for the islands",
    "permalink": "https://blog.example.org/treaty",
}
WALKS = {
    "post_id": "walks",
    "post_title": "Ten quiet walks around the bay",
    "permalink": "https://walks.example.org/bay",
}

HELD = (
    Sample(
        "Rex Holloway",
        "You people are pathetic idiots and whoever wrote this garbage should be ashamed. Go back to school before you "
        "lecture the rest of us about history.",
        ["Toxicity: 94%, held from 50% on.", "Insult: 88%, held from 50% on."],
        scores={"toxicity": 0.94, "insult": 0.88, "obscene": 0.31},
        marked=[("pathetic idiots", "insult", 4.2), ("garbage", "toxicity", 2.1)],
        hours=26,
        more={"author_email": "rex@mail.example", "author_ip": "203.0.113.7", "parent_id": "c-1", **TREATY},
    ),
    Sample(
        "Best Watches",
        "Great article! Best replica watches, free shipping today: https://watches.example/deal and "
        "https://casino.example/bonus — use code BLOG20",
        ["Spam: 97%, held from 70% on.", "Links to a domain that was seen in spam."],
        rule="spam",
        scores={"spam": 0.97, "toxicity": 0.02},
        marked=[("replica watches", "spam", 3.4), ("free shipping", "spam", 1.8)],
        hours=9,
        more={"author_email": "deal@watches.example", "author_url": "https://watches.example", **WALKS},
        signals=[("Links to a domain that was seen in spam.", 2.6), ("Two links in a short text.", 1.2)],
    ),
    Sample(
        "ليلى حداد",
        "شكرا على المقال. لا أتفق مع الجزء الثاني، لكن الأسلوب واضح ومحترم.",
        ["The engine cannot judge this language (ar)."],
        rule="unjudged",
        hours=5,
        language="ar",
        more={"author_id": "layla", **TREATY},
    ),
    Sample(
        "Jonas",
        "So ein Unsinn. Wer das glaubt, hat keine Ahnung von der Gegend, aber die Bilder sind wirklich schön.",
        ["Insult: 46%, close to the 50% from which it is held."],
        rule="unsure",
        scores={"insult": 0.46, "toxicity": 0.41},
        marked=[("keine Ahnung", "insult", 1.6)],
        hours=3,
        language="de",
        more={"author_email": "jonas@post.example", **WALKS},
    ),
    Sample(
        "Sofia Marino",
        "I disagree with the second half, and I would not call it a lie. But it is a very convenient reading of 1839.",
        ["The author's first comment here."],
        rule="first_time_author",
        hours=1.2,
        more={"author_email": "sofia@example.net", **TREATY},
    ),
    Sample(
        "anon",
        "I know where the editor lives. Somebody should pay a visit.",
        ["Threat: 71%, held from 20% on."],
        scores={"threat": 0.71, "toxicity": 0.62, "insult": 0.08},
        marked=[("know where the editor lives", "threat", 2.9)],
        hours=0.4,
        more={"author_ip": "198.51.100.23", **TREATY},
    ),
)


def fill(session: Session) -> tuple[Site, Site]:
    """Both sites, three moderators, six held comments, a few decided ones, a claim and a question."""
    treaty, walks = sites.create(session, "Treaty blog"), sites.create(session, "Quiet walks")
    mira = _moderator(session, EMAIL, "Mira Okafor", treaty, walks)
    leo = _moderator(session, "leo@example.org", "Leo Brandt", treaty, walks)
    mira_s, leo_s = moderators.actor(mira), moderators.actor(leo)
    _decided(
        session, treaty, Review(mira_s), external_id="c-1", author_name="Haruka", text="Thank you, that explains a lot."
    )
    _decided(session, treaty, Review(mira_s), author_name="Haruka", text="Do you have a source for the second map?")
    rex = {"author_name": "Rex Holloway", "author_email": "rex@mail.example"}
    _decided(session, treaty, Review(leo_s, Category.TOXIC), text="What a joke.", **rex)
    jonas = {"author_name": "Jonas", "author_email": "jonas@post.example"}
    _decided(session, walks, Review(mira_s), text="Schöne Runde!", **jonas)
    held = [hold(session, walks if one.more.get("post_id") == "walks" else treaty, one) for one in HELD]
    _past(session, treaty, [mira_s, leo_s])
    notes.ask(session, held[2], NoteKind.SECOND_OPINION, moderators.actor(leo), "Does anybody read Arabic?")
    _published(session, treaty)
    extra = hold(session, walks, HELD[4])
    claims.take(session, leo.id, [extra])
    _administered(session, treaty, mira_s)
    return treaty, walks


def _published(session: Session, site: Site) -> None:
    """One that readers report, and one that was drawn by lot."""
    submission = {"author_name": "Oscar", "author_email": "oscar@mail.example", **TREATY}
    settled = []
    for text in (
        "Of course you would say that, given where your family comes from.",
        "I had not thought of it this way.",
    ):
        comment = submissions.submit(session, site.id, Submission.model_validate({"text": text, **submission}))
        session.flush()
        verdict = Verdict(decision=Decision.APPROVE, rule="none", reasons=[], scores={**QUIET, "insult": 0.27})
        settled += comments.settle(session, [Settlement(comment.id, 1, verdict)])
    spot_checks.draw(session, settled[1:], {site.id: 1.0})
    reported = comments.get(session, site.id, settled[0].id, lock=True)
    for number, (reason, text) in enumerate(
        ((Category.TOXIC, "That is about my parents."), (Category.TOXIC, ""), (Category.OFF_TOPIC, ""))
    ):
        reports.put(session, reported, Complaint(reason, text, f"reader-{number}"), comments.SITE)


def _administered(session: Session, site: Site, actor: str) -> None:
    """Rules in three versions, a key, an endpoint that has failed once, and somebody invited."""
    sites.put_policy(session, site.id, Policy(thresholds={"insult": 0.6}, held_words=["buy gold"]), actor)
    sites.put_policy(session, site.id, Policy(thresholds={"insult": 0.65}, max_links=2), actor)
    keys.issue(session, site.id, Scope.SUBMIT, "The blog")
    invitations.invite(session, site.id, "noor@example.org", Role.VIEWER, actor)
    endpoint = Endpoint(site_id=site.id, url="https://blog.example.org/hooks/gatepost")
    event = Event(site_id=site.id, type="ping", body="{}")
    session.add_all([endpoint, event])
    session.flush()
    for attempt, (status, error) in enumerate([(None, "The receiver does not answer."), (204, None)], start=1):
        told = {"site_id": site.id, "event_id": event.id, "endpoint_id": endpoint.id, "attempt": attempt}
        session.add(Delivery.model_validate({**told, "duration_ms": 87, "status_code": status, "error": error}))


def _past(session: Session, site: Site, actors: Sequence[str]) -> None:
    """Forty days that were counted when they were over."""
    chance = random.Random(7)
    for back in range(1, 41):
        day = db.now(session).date() - timedelta(days=back)
        decided = 150 if day.weekday() < 5 else 60
        figures = Figures(missed=back % 3)
        for rule, label, share in (("toxicity", "insult", 0.8), ("spam", "spam", 0.93), ("unsure", "toxicity", 0.35)):
            number = chance.randrange(2, 9)
            rejected = sum(chance.random() < share for _ in range(number))
            figures.reviewed[rule, label, Status.REJECTED] = rejected
            figures.reviewed[rule, label, Status.APPROVED] = number - rejected
            figures.by_actor[chance.choice(actors)] += number
            figures.waited[chance.choice((1, 2, 3, 3, 4, 4, 5))] += number
        held = sum(figures.reviewed.values())
        figures.settled.update({Status.HELD: held, Status.APPROVED: decided - chance.randrange(40)})
        for label in ("insult", "spam"):
            figures.checked[Kind(label, 0.01, rejected=False)] = 6
        figures.checked[Kind("insult", 0.01, rejected=True)] = back % 8 == 0
        session.add(InsightDay(site_id=site.id, day=day, figures=figures.stored()))


def hold(session: Session, site: Site, sample: Sample) -> Comment:
    submission = Submission.model_validate({"text": sample.text, "author_name": sample.author, **sample.more})
    comment = submissions.submit(session, site.id, submission)
    session.flush()
    verdict = Verdict(
        decision=Decision.HOLD,
        rule=sample.rule,
        reasons=list(sample.reasons),
        scores={**QUIET, **sample.scores},
        signals=[Signal(name="signal", weight=weight, reason=reason) for reason, weight in sample.signals],
        language=sample.language,
        engine="cascade-3",
        policy_version=1,
        spans=[_span(sample.text, *one) for one in sample.marked],
        latency_ms=2.41,
    )
    [settled] = comments.settle(session, [Settlement(comment.id, 1, verdict)])
    stored = comments.get(session, site.id, settled.id, lock=True)
    stored.created_at = db.now(session) - timedelta(hours=sample.hours)
    return stored


def _span(text: str, words: str, label: str, weight: float) -> Span:
    start = text.index(words)
    return Span(start=start, end=start + len(words), label=label, weight=weight)


def _moderator(session: Session, email: str, name: str, *of: Site) -> Any:
    moderator = moderators.create(session, email, name, PASSWORD)
    for site in of:
        moderators.join(session, moderator, site.id, Role.ADMIN)
    return moderator


def _decided(session: Session, site: Site, review: Review, **fields: str) -> None:
    comment = submissions.submit(session, site.id, Submission.model_validate(fields))
    session.flush()
    comments.carry_out(session, site.id, comment.id, review)
    comment.created_at = db.now(session) - timedelta(days=40)
