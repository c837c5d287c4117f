"""What the database costs a comment as the tables grow: `python -m bench.growth [--most 5000000]`.

PostgreSQL is filled with comments of one site, one every six seconds back from now, as their life leaves them:
verdicts, audit entries, and what housekeeping keeps for a month (events) and a week (imprints). Three of a hundred are
held. At each size the same is done, in turns with a small database beside it: submit one, claim, look at its past,
settle, show a page of held ones, claim a webhook. Prints the medians, their ratios, and how PostgreSQL finds the rows
at the largest size.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, text
from sqlmodel import Session

from bench.ingest import running
from service import migrations
from service.core import comments, outbox, sites, submissions, webhooks
from service.core.comments import Settlement
from service.core.db import Database, create_engine
from service.core.models import Status
from service.core.policy import unscored
from service.core.queue import SilentBell, Topic
from service.core.submissions import Submission
from tests.secret_keys import KEYRING
from tests.servers.postgresql import OwnPostgreSQL
from workers import claims, history
from workers.paces import Pace

SIZES = [10_000, 100_000, 1_000_000, 5_000_000]
LEASE = timedelta(seconds=30)
BATCH, PAGE = 64, 50
# Numbered from the newest, so that more of them are older ones. Authors come back twenty times.
FILL = [
    """
    INSERT INTO comment (id, site_id, external_id, text, type, author_key, author_email, author_ip, post_id, status,
                         revision, sequence, created_at, decided_at, decided_by, extra, text_fingerprint, verdict)
    SELECT uuidv7(n * interval '-6 seconds'), :site, 'old-' || n,
           'Thank you, that explains what the treaty means for us, number ' || n || '. ' ||
             repeat('More of it. ', CAST(n % 40 AS int)),
           'comment', 'mail:reader-' || n % (:rows / 20), 'reader-' || n % (:rows / 20) || '@example.org',
           '203.0.' || n % 250 || '.' || n / 250 % 250, 'post-' || n % 1000,
           CASE WHEN n % 100 < 3 THEN 'held' WHEN n % 100 < 8 THEN 'rejected' ELSE 'approved' END,
           1, 1, now() - n * interval '6 seconds', now() - n * interval '6 seconds', 'policy', '{}', n,
           '{"decision": "hold", "rule": "toxicity", "reasons": ["It reads as toxic (0.91)."], "scores":
             {"toxicity": 0.91, "severe_toxicity": 0.1, "obscene": 0.4, "threat": 0.1, "insult": 0.6,
              "identity_attack": 0.1, "spam": 0.2}, "engine": "compact", "policy_version": 1}'
    FROM generate_series(CAST(:begun AS bigint), :rows) AS n
    """,
    """
    INSERT INTO audit_entry (id, site_id, comment_id, at, actor, action, sequence, before, after)
    SELECT uuidv7(n * interval '-6 seconds'), :site, gen_random_uuid(), now(), 'policy', 'settle', 1, 'pending',
           'approved'
    FROM generate_series(CAST(:begun AS bigint), :rows) AS n
    """,
    """
    INSERT INTO event (id, site_id, comment_id, sequence, type, body, created_at)
    SELECT gen_random_uuid(), site_id, id, 1, 'comment.approved', repeat('x', 900), created_at
    FROM comment
    WHERE comment.external_id LIKE 'old-%' AND comment.created_at > now() - interval '30 days'
      AND NOT EXISTS (SELECT FROM event AS known WHERE known.comment_id = comment.id)
    """,
    """
    INSERT INTO imprint (comment_id, hash, site_id, created_at)
    SELECT id, hashint8extended(text_fingerprint, band), site_id, created_at
    FROM comment, generate_series(1, 8) AS band
    WHERE external_id LIKE 'old-%' AND created_at > now() - interval '7 days' ON CONFLICT DO NOTHING
    """,
]


@dataclass
class Bench:
    database: Database
    site_id: UUID
    # The statements of each step, with what they were last asked.
    asked: dict[str, dict[str, Any]]
    doing: str = ""
    number: int = 0

    def milliseconds(self, name: str) -> float:
        """Of a step, with its commit where it writes; its statements are noted."""
        self.doing = name
        self.asked.setdefault(name, {})
        step: Callable[[Session], object] = getattr(self, name)
        with self.database.transaction() as session:
            began = time.perf_counter()
            step(session)
            session.flush()
            if name not in {"submit", "settle"}:
                ended = time.perf_counter()
                session.rollback()
        if name in {"submit", "settle"}:
            ended = time.perf_counter()
        self.doing = ""
        return 1000 * (ended - began)

    def submit(self, session: Session) -> None:
        self.number += 1
        author = f"reader-{self.number}@example.org"
        said = f"Nobody has said this yet, number {self.number} of them, or has somebody?"
        made = Submission(text=said, external_id=f"new-{self.number}", author_email=author, author_ip="203.0.9.9")
        submissions.submit(session, self.site_id, made)

    def claim(self, session: Session) -> None:
        if len(outbox.claim(session, Topic.SCORE, BATCH, LEASE)) != BATCH:
            raise AssertionError("too few were due")

    def past(self, session: Session) -> None:
        [row] = outbox.claim(session, Topic.SCORE, 1, LEASE)
        history.of(session, comments.pending(session, [row.subject_id]))

    def settle(self, session: Session) -> None:
        [row] = outbox.claim(session, Topic.SCORE, 1, LEASE)
        outbox.finish(session, [row])
        if len(comments.settle(session, [Settlement(row.subject_id, 1, unscored("A bench."))])) != 1:
            raise AssertionError("nothing was settled")

    def held(self, session: Session) -> None:
        found = comments.find(session, self.site_id, status=Status.HELD, external_id=None, after=None, limit=PAGE)
        if len(found) != PAGE:
            raise AssertionError("no full page")

    def webhook(self, session: Session) -> None:
        if not claims.claim(session, 4, LEASE, Pace(4, 16)):
            raise AssertionError("nothing was due")

    def note(self, _c: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if self.doing:
            self.asked[self.doing][statement] = parameters


STEPS = ["submit", "claim", "past", "settle", "held", "webhook"]


def main(
    most: Annotated[int, typer.Option(help="The largest size; 5 million take 15 GB and half an hour.")] = SIZES[-1],
    rounds: Annotated[int, typer.Option(help="Of each step at each size.")] = 200,
) -> None:
    console = Console(width=150)
    with running(OwnPostgreSQL()) as server:
        small, large = (prepared(server.create_database()) for _ in range(2))
        sizes = [size for size in SIZES if size <= most]
        fill(small, 1, sizes[0])
        found = {}
        for before, size in zip([0, *sizes], sizes, strict=False):
            fill(large, before + 1, size)
            found[size] = measured(small, large, rounds)
            told = ", ".join(f"{name} {pair[1]:.2f} ms" for name, pair in found[size].items())
            console.print(f"{size:,} comments: {told}")
        tell(console, found)
        plans(console, large)
        for bench in (small, large):
            bench.database.engine.dispose()


def prepared(url: str) -> Bench:
    migrations.upgrade(url)
    database = Database(create_engine(url), SilentBell(), keyring=KEYRING)
    with database.transaction() as session:
        site_id = sites.create(session, "Large").id
        webhooks.create(session, site_id, "http://127.0.0.1:9999/", allow_private=True)
    bench = Bench(database, site_id, {})
    event.listen(database.engine, "before_cursor_execute", bench.note)
    return bench


def fill(bench: Bench, begun: int, rows: int) -> None:
    with bench.database.engine.connect() as connection:
        for statement in FILL:
            connection.execute(text(statement), {"site": bench.site_id, "begun": begun, "rows": rows})
            connection.commit()
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def measured(small: Bench, large: Bench, rounds: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds of each step, in the small database and in the large one."""
    found = {}
    for bench in (small, large):
        for _ in range(BATCH + rounds):
            with bench.database.transaction() as session:
                bench.submit(session)
    for name in STEPS:
        pairs = [(small.milliseconds(name), large.milliseconds(name)) for _ in range(rounds)]
        found[name] = (median(one for one, _ in pairs), median(other for _, other in pairs))
    return found


def tell(console: Console, found: dict[int, dict[str, tuple[float, float]]]) -> None:
    title = "Milliseconds of a step, median; times what the small database beside it took"
    table = Table("comments", title=title)
    for name in STEPS:
        table.add_column(name, justify="right")
    for size, row in found.items():
        pairs = (row[name] for name in STEPS)
        table.add_row(f"{size:,}", *(f"{large:.2f} ({large / small:.2f}x)" for small, large in pairs))
    console.print(table)


def plans(console: Console, bench: Bench) -> None:
    """How each statement finds its rows."""
    table = Table("step", "times", "how PostgreSQL finds the rows", title="EXPLAIN, at the largest size")
    for name, statements in bench.asked.items():
        nodes: Counter[str] = Counter()
        for statement, parameters in statements.items():
            nodes.update(_nodes(bench.database, statement, parameters))
        for node, times in nodes.items():
            table.add_row(name, str(times), node)
    console.print(table)


def _nodes(database: Database, statement: str, parameters: Any) -> list[str]:
    raw = database.engine.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute(f"EXPLAIN {statement}", parameters)
        lines = [str(line).strip().removeprefix("->").strip() for (line,) in cursor.fetchall()]
    finally:
        raw.rollback()
        raw.close()
    return [line.partition("  (")[0] for line in lines if "Scan" in line.partition("  (")[0]]


if __name__ == "__main__":
    typer.run(main)
