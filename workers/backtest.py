"""`gatepost backtest`: what another policy would have decided of what was decided, as a difference with samples."""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import BaseModel, Field, ValidationError
from rich.table import Table
from rich.text import Text
from sqlmodel import Session

from service.core import differences, intervals, sites
from service.core.db import Database
from service.core.differences import Difference
from service.core.intervals import Share
from service.core.models import Comment, Site, Status
from service.core.policy import Decision, Policy, Verdict
from service.core.settings import Settings
from workers import commands, history, judgement, past, replay, scorers
from workers.judgement import Case, Scorer
from workers.learning import store
from workers.signals.signal import History

_EXCERPT = 70
KEPT = (
    "Scores, signals and language are those that each verdict kept, from the engine of its day.",
    "How many comments of an author were approved is counted by today's status of the older ones.",
)
RESCORED = (
    "Scores and signals are new, from the engine that is set now and from what the site has learnt by now.",
    "What looks at the past (duplicates, velocity, rejected comments) sees it as it is now.",
)

HELP = """Show what another policy would have decided, and where it differs. Changes nothing.

POLICY is a file with a policy as JSON, as `PUT /v1/site/policy` takes it; `-` reads it from standard input.

Examples:

  gatepost backtest "Treaty blog" stricter.json

  echo '{"max_links": 0}' | gatepost backtest "Treaty blog" - --days 7

  gatepost backtest "Treaty blog" stricter.json --json > difference.json
"""


class Move(BaseModel):
    """How many comments went from one decision to another, or from one rule to another."""

    live: str
    other: str
    comments: int


class Sample(BaseModel):
    """A comment that the other policy decides otherwise."""

    comment_id: str
    external_id: str | None
    live: Decision
    live_rule: str
    other: Decision
    other_rule: str
    reasons: list[str]
    human: Status | None = Field(description="What a human decided, if one has.")
    excerpt: str


class Backtest(BaseModel):
    """What came out."""

    comments: int = Field(description="Comments that both policies decided.")
    changed: int = Field(description="Of them, those that the other policy decides otherwise.")
    unscored: int = Field(description="Comments without scores, which were left out.")
    policy: list[Difference] = Field(description="What differs between the live policy and the other one.")
    decisions: list[Move]
    rules: list[Move] = Field(description="Rules that decided, where they differ.")
    live_agrees_with_humans: Share
    other_agrees_with_humans: Share
    samples: list[Sample]
    notes: list[str]


def backtest(
    site_name: Annotated[str, typer.Argument(metavar="SITE", help="The site's name.")],
    policy_file: Annotated[
        Path, typer.Argument(metavar="POLICY", help="The other policy, as JSON; `-`: standard input.")
    ],
    *,
    days: Annotated[int, typer.Option(help="How far to look back.", min=1, max=3650)] = 30,
    samples: Annotated[int, typer.Option(help="Samples to show of each kind of change.", min=0, max=1000)] = 5,
    rescore: Annotated[bool, typer.Option("--rescore", help="Score anew with the engine that is set now.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    policy = _read(policy_file)
    with commands.opened(site_name) as (database, site):
        scorer = scorers.load_scorer(Settings()) if rescore else None
        found = run(database, site, policy, days=days, samples=samples, scorer=scorer)
    if as_json:
        print(json.dumps(found.model_dump(mode="json"), indent=2, ensure_ascii=False))  # noqa: T201 - a program reads it
    else:
        _show(found, site.name, days)


def _read(path: Path) -> Policy:
    try:
        text = typer.get_text_stream("stdin").read() if str(path) == "-" else path.read_text(encoding="utf-8")
        return Policy.model_validate_json(text)
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        places = (f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors()[:10])
        raise typer.BadParameter(f"{path} is no policy. " + "; ".join(places)) from error


def run(
    database: Database, site: Site, policy: Policy, *, days: int, samples: int, scorer: Scorer | None = None
) -> Backtest:
    """Decide the site's comments of the last days again; with a scorer they are scored anew as well."""
    moves: Counter[tuple[str, str]] = Counter()
    rules: Counter[tuple[str, str]] = Counter()
    humans: Counter[tuple[bool, bool]] = Counter()  # (the live decision agrees, the other does)
    shown: dict[tuple[str, str], list[Sample]] = {}
    unscored = 0
    for comment, live, other in _pairs(database, site, policy, days, scorer):
        if other is None:
            unscored += 1
            continue
        change = (live.decision.value, other.decision.value)
        moves[change] += 1
        if (live.decision, live.rule) != (other.decision, other.rule):
            rules[live.rule, other.rule] += 1
        if human := past.human_word(comment):
            right = human == Status.APPROVED
            humans[(live.decision == Decision.APPROVE) == right, (other.decision == Decision.APPROVE) == right] += 1
        if live.decision != other.decision:
            shown[change] = [*shown.get(change, []), _sample(comment, live, other)][-samples:] if samples else []
    with database.reading() as session:
        stored = sites.policy_version(session, site.id).rules
    reviewed = humans.total()
    return Backtest(
        comments=moves.total(),
        changed=sum(number for (live, other), number in moves.items() if live != other),
        unscored=unscored,
        policy=differences.between(stored, policy.model_dump(mode="json", exclude_defaults=True)),
        decisions=_sorted(moves),
        rules=_sorted(rules),
        live_agrees_with_humans=intervals.share(humans[True, True] + humans[True, False], reviewed),
        other_agrees_with_humans=intervals.share(humans[True, True] + humans[False, True], reviewed),
        samples=[sample for change in sorted(shown) for sample in reversed(shown[change])],
        notes=list(RESCORED if scorer else KEPT),
    )


def _pairs(
    database: Database, site: Site, policy: Policy, days: int, scorer: Scorer | None
) -> Iterator[tuple[Comment, Verdict, Verdict | None]]:
    """Each comment with its verdict and the other policy's."""
    for chunk in past.chunks(database, site.id, days):
        with database.reading() as session:
            histories = _histories(session, chunk, full=scorer is not None)
            learned = store.load_all(session, {site.id})[site.id]
        cases = [Case(comment, 0, policy, histories[comment.id], learned) for comment in chunk]
        kept = [Verdict.model_validate(comment.verdict) for comment in chunk]
        if scorer:
            others: Sequence[Verdict | None] = judgement.judge(scorer, cases)
        else:
            others = [replay.decide(case, verdict) for case, verdict in zip(cases, kept, strict=True)]
        yield from zip(chunk, kept, others, strict=True)


def _histories(session: Session, chunk: Sequence[Comment], *, full: bool) -> dict[UUID, History]:
    approved = past.approved_before(session, chunk)
    now = history.of(session, chunk) if full else {}
    return {
        comment.id: dataclasses.replace(now.get(comment.id, History()), author_approved=approved[comment.id])
        for comment in chunk
    }


def _sample(comment: Comment, live: Verdict, other: Verdict) -> Sample:
    return Sample(
        comment_id=str(comment.id),
        external_id=comment.external_id,
        live=live.decision,
        live_rule=live.rule,
        other=other.decision,
        other_rule=other.rule,
        reasons=other.reasons or live.reasons,
        human=past.human_word(comment),
        excerpt=commands.printable(comment.text, 200),
    )


def _sorted(moves: Counter[tuple[str, str]]) -> list[Move]:
    return [Move(live=live, other=other, comments=number) for (live, other), number in moves.most_common()]


def _show(found: Backtest, site: str, days: int) -> None:
    console = commands.console()
    console.print(
        f"{site}: {found.comments} comments of the last {days} days, {found.changed} decided otherwise"
        f" ({found.unscored} without scores left out).",
        markup=False,
    )
    for change in found.policy:
        console.print(f"  {_told(change)}", markup=False)
    console.print(_moves("Decisions", found.decisions, lambda move: "" if move.live == move.other else "changed"))
    if found.rules:
        console.print(_moves("Rules that decide, where they differ", found.rules, lambda _: ""))
    console.print(
        f"Agrees with humans, where one has decided (mostly held comments): live {found.live_agrees_with_humans};"
    )
    console.print(f"  the other policy {found.other_agrees_with_humans}.")
    if found.samples:
        console.print(_samples(found.samples))
    for note in found.notes:
        console.print(note, style="dim")


def _told(change: Difference) -> str:
    lists = [*(f"+{one}" for one in change.added), *(f"-{one}" for one in change.removed)]
    more = f" and {len(lists) - 10} more" if len(lists) > 10 else ""  # noqa: PLR2004 - a line
    return f"{change.rule}: " + (" ".join(lists[:10]) + more if lists else f"{change.before} -> {change.after}")


def _moves(title: str, moves: Sequence[Move], mark: Callable[[Move], str]) -> Table:
    table = Table("live", "other policy", "comments", "", title=title, title_justify="left")
    for move in moves:
        table.add_row(move.live, move.other, str(move.comments), mark(move))
    return table


def _samples(samples: Sequence[Sample]) -> Table:
    table = Table("live", "other policy", "human", "why", "comment", title="Samples", title_justify="left")
    for sample in samples:
        why = Text("; ".join(sample.reasons[:2]))
        excerpt = Text(commands.printable(sample.excerpt, _EXCERPT))
        table.add_row(sample.live.value, sample.other.value, sample.human or "", why, excerpt)
    return table
