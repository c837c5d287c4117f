"""A ledger outside the system: what it has promised, and what the blog's receiver has verified."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import select

from service.core.db import Database
from service.core.models import AuditEntry, Comment, OutboxRow, Status
from tests.servers.receiver import Request


@dataclass(frozen=True)
class Review:
    """A moderator's decision that the console has confirmed, with the comment's sequence after it."""

    comment_id: str
    sequence: int
    status: Status


@dataclass(frozen=True)
class Verdict:
    """Every field must be empty at the end."""

    lost: set[str]  # answered 202, but no row
    undecided: set[str]
    decided_twice: set[str]
    unreported: set[str]  # no verified webhook told the present status
    two_ids: set[str]  # one decision came under two webhook-ids
    unreported_reviews: set[Review]  # confirmed to the moderator, but no verified webhook told it
    refused: int  # webhooks whose signature did not verify
    owed: int  # rows left in the outbox


CLEAN = Verdict(set(), set(), set(), set(), set(), set(), 0, 0)


def judge(
    database: Database, accepted: set[str], requests: Sequence[Request], reviews: Collection[Review] = ()
) -> Verdict:
    """Compare what was promised (`accepted`: ids answered 202; `reviews`) and told (`requests`) with what is."""
    with database.reading() as session:
        rows = session.exec(select(Comment.id, Comment.sequence, Comment.status)).all()
        settled = Counter(map(str, session.exec(select(AuditEntry.comment_id).where(AuditEntry.action == "settle"))))
        owed = len(session.exec(select(OutboxRow.id)).all())
    present = {str(comment_id): (sequence, status) for comment_id, sequence, status in rows}
    told = _told(requests)
    ids_of_decision: dict[tuple[str, int], set[str]] = defaultdict(set)
    for (comment_id, sequence, _), webhook_ids in told.items():
        ids_of_decision[comment_id, sequence] |= webhook_ids
    return Verdict(
        lost=accepted - present.keys(),
        undecided={one for one in accepted & present.keys() if present[one][1] == Status.PENDING},
        decided_twice={one for one, times in settled.items() if times > 1},
        unreported={one for one in accepted if one not in present or (one, *present[one]) not in told},
        two_ids={one for (one, _), webhook_ids in ids_of_decision.items() if len(webhook_ids) > 1},
        unreported_reviews={one for one in reviews if (one.comment_id, one.sequence, one.status) not in told},
        refused=sum(request.verified is False for request in requests),
        owed=owed,
    )


def is_quiet(database: Database) -> bool:
    """Whether nothing is owed any more."""
    with database.reading() as session:
        return session.exec(select(OutboxRow.id).limit(1)).first() is None


def _told(requests: Sequence[Request]) -> dict[tuple[str, int, str], set[str]]:
    """(comment, sequence, status) -> the webhook-ids under which that was told."""
    told: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    for request in requests:
        if request.verified:
            data = request.json["data"]
            told[data["id"], data["sequence"], data["status"]].add(request.headers["webhook-id"])
    return told
