"""A ledger outside the system: what was answered 202, and what the blog's receiver has verified."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import select

from service.core.db import Database
from service.core.models import AuditEntry, Comment, OutboxRow, Status
from tests.servers.receiver import Request


@dataclass(frozen=True)
class Verdict:
    """Every field must be empty at the end."""

    lost: set[str]  # answered 202, but no row
    undecided: set[str]
    decided_twice: set[str]
    unreported: set[str]  # no verified webhook told the decision
    two_ids: set[str]  # one decision came under two webhook-ids
    refused: int  # webhooks whose signature did not verify
    owed: int  # rows left in the outbox


CLEAN = Verdict(set(), set(), set(), set(), set(), 0, 0)


def judge(database: Database, accepted: set[str], requests: Sequence[Request]) -> Verdict:
    """Compare what was promised (`accepted`: ids answered 202) with what is."""
    with database.reading() as session:
        statuses = {str(row[0]): row[1] for row in session.exec(select(Comment.id, Comment.status))}
        settled = Counter(map(str, session.exec(select(AuditEntry.comment_id).where(AuditEntry.action == "settle"))))
        owed = len(session.exec(select(OutboxRow.id)).all())
    told: dict[str, set[str]] = defaultdict(set)
    for request in requests:
        if request.verified:
            told[request.json["data"]["id"]].add(request.headers["webhook-id"])
    return Verdict(
        lost=accepted - statuses.keys(),
        undecided={one for one in accepted if statuses.get(one) == Status.PENDING},
        decided_twice={one for one, times in settled.items() if times > 1},
        unreported=accepted - told.keys(),
        two_ids={one for one, ids in told.items() if len(ids) > 1},
        refused=sum(request.verified is False for request in requests),
        owed=owed,
    )


def is_quiet(database: Database) -> bool:
    """Whether nothing is owed any more."""
    with database.reading() as session:
        return session.exec(select(OutboxRow.id).limit(1)).first() is None
