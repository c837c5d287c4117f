"""How fast the console answers with very many held comments in PostgreSQL: `python -m bench.console`.

Three sites with 100,000 held comments and as many decided ones (with `--decided` more), a moderator who is logged in,
and each page asked for again and again. Every page is checked: it has its cards, in its order. `--plans FILE` writes
the plans of the main queries.
"""

import argparse
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import Table as SqlTable
from sqlalchemy import event, text
from sqlmodel import Session

from bench.ingest import running
from service import migrations
from service.core import bulk, comments, db, insights, moderators, sites, submissions
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Comment, Role
from service.core.policy import Decision, Verdict
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.core.submissions import Submission
from service.main import build_app
from tests.secret_keys import SECRET_KEYS
from tests.servers.postgresql import OwnPostgreSQL

EMAIL, PASSWORD = "mira@example.org", "correct horse battery"
RARE = "zeppelin"
WORDS = [f"word{number}" for number in range(3000)]
LABELS = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "spam")
COMMENTS: SqlTable = Comment.__table__  # type: ignore[attr-defined]
BATCH = 1000
CARD = re.compile(r'<article class="card (\w+)')

console = Console()


@contextmanager
def filled(held: int, decided: int) -> Iterator[tuple[Database, TestClient]]:
    with running(OwnPostgreSQL()) as server:
        url = server.create_database()
        migrations.upgrade(url)
        settings = Settings(database_url=url, secret_keys=SECRET_KEYS, _env_file=None)
        app = build_app(settings, SilentBell())
        database: Database = app.state.database
        database.patience = timedelta(minutes=10)
        with database.transaction() as session:
            site_ids = [sites.create(session, f"Blog {number}").id for number in range(3)]
            mira = moderators.create(session, EMAIL, "Mira", PASSWORD)
            for site_id in site_ids:
                moderators.join(session, mira, site_id, Role.ADMIN)
        fill(database, site_ids, held)
        decide_more(database, decided - held)
        count_days(database)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
        client = TestClient(app, base_url="http://testserver", headers={"Origin": "http://testserver"})
        client.post("/console/login", data={"email": EMAIL, "password": PASSWORD})
        yield database, client
        database.engine.dispose()


def fill(database: Database, site_ids: list[UUID], held: int) -> None:
    """Held and approved comments by turns, half of them the first site's: stored and settled as ever."""
    chance = random.Random(1)
    start = datetime.now(UTC) - timedelta(days=30)
    every = timedelta(days=29) / (2 * held)
    for first in range(0, 2 * held, BATCH):
        made = [_made(chance, site_ids, number, start + every * number) for number in range(first, first + BATCH)]
        with database.transaction() as session:
            bulk.insert_if_absent(session, COMMENTS, [comment.model_dump() for comment, _ in made])
            comments.settle(session, [Settlement(comment.id, 1, verdict) for comment, verdict in made])


def decide_more(database: Database, number: int) -> None:
    """Approved comments of the last ninety days, copied within the database; of every twentieth a human decided."""
    copied = ", ".join(f'"{column.name}"' for column in COMMENTS.c if column.name not in {"id", "created_at"})
    with database.transaction() as session:
        session.execute(text("UPDATE site SET created_at = now() - interval '91 days'"))
        if number > 0:
            session.execute(text(_COPY.format(columns=copied)), {"number": number})


_COPY = """
WITH approved AS (
    SELECT *, row_number() OVER () AS place, count(*) OVER () AS total FROM comment WHERE status = 'approved'
), times AS (
    SELECT copy, now() - interval '90 days' * (copy::float / :number) AS time FROM generate_series(1, :number) AS copy
), made AS (
    INSERT INTO comment (id, created_at, {columns})
    SELECT (lpad(to_hex((extract(epoch FROM time) * 1000)::bigint), 12, '0') || '7' || substr(md5(copy::text), 1, 3)
        || '8' || substr(md5(copy::text), 4, 15))::uuid, time, {columns}
    FROM times JOIN approved ON place = 1 + copy % total
    RETURNING id, created_at, site_id, text_fingerprint
)
INSERT INTO audit_entry (id, site_id, comment_id, at, actor, action, sequence, before, after)
SELECT id, site_id, id, created_at, 'policy', 'settle', 1, 'pending', 'approved' FROM made
UNION ALL
SELECT overlay(id::text placing 'f' from 36)::uuid, site_id, id, created_at, 'moderator:' || site_id, 'review', 2,
    'held', 'approved'
FROM made WHERE text_fingerprint % 20 = 0 AND right(id::text, 1) <> 'f'
"""


def count_days(database: Database) -> None:
    """What housekeeping does once a day."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    with database.reading() as session:
        due = insights.due(session)
    taken = []
    for site_id, day in due:
        began = time.perf_counter()
        with database.transaction() as session:
            insights.keep(session, site_id, day)
        taken.append((time.perf_counter() - began) * 1000)
    console.print(f"{len(due)} days counted, each in {statistics.median(taken):.0f} ms (most: {max(taken):.0f} ms)")


def _made(chance: random.Random, site_ids: list[UUID], number: int, at: datetime) -> tuple[Comment, Verdict]:
    text = " ".join(chance.choices(WORDS, k=chance.randrange(8, 90))) + (f" {RARE}" if number % 20_000 == 0 else "")
    reader = f"reader{chance.randrange(20_000)}"
    submission = Submission(
        text=text,
        author_name=reader,
        author_email=f"{reader}@example.org",
        post_id=f"post-{chance.randrange(4000)}",
    )
    site_id = site_ids[max(0, chance.randrange(6) - 3)]
    [comment] = submissions.build([submissions.arrival(site_id, submission)], at)
    comment.id = UUID(int=db.first_id(at).int | (7 << 76) | (2 << 62) | chance.getrandbits(62))
    return comment, _verdict(chance, number)


def _verdict(chance: random.Random, number: int) -> Verdict:
    return Verdict(
        decision=Decision.HOLD if number % 2 == 0 else Decision.APPROVE,
        rule=chance.choice(("toxicity", "spam", "links", "unsure")) if number % 5000 else "held_word",
        reasons=["Toxicity: 94%, held from 50% on."],
        scores={label: round(chance.random() ** 4, 4) for label in LABELS},
        language=chance.choice(("en", "de", "fr")) if number % 9000 else "ja",
        engine="cascade-3",
        policy_version=1,
    )


def pages(client: TestClient) -> dict[str, str]:
    """What is asked for: name -> address."""
    first = client.get("/console/held").text
    following = re.search(r'rel="next"', first) and re.search(r'class="next" href="([^"]+)"', first)
    newest = client.get("/console/held?sort=newest").text
    detail = re.search(r'class="age" href="([^"]+)"', newest)
    since = (datetime.now(UTC) - timedelta(seconds=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "held, oldest first": "/console/held",
        "the next page": following[1].replace("&amp;", "&") if following else "",
        "worst first": "/console/held?sort=worst",
        "least certain first": "/console/held?sort=unsure",
        "a reason that half have": "/console/held?rule=toxicity",
        "a rare reason": "/console/held?rule=held_word&sort=worst",
        "a rare language": "/console/held?language=ja",
        "one author": "/console/held?author=reader77@example.org",
        "one post": "/console/held?post=post-7",
        "a rare word": f"/console/held?q={RARE}",
        "a common word": "/console/held?q=word7",
        "over a week old, an insult": "/console/held?age=over-week&label=insult",
        "approved": "/console/approved",
        "approved, with a word": "/console/approved?q=word7",
        "all": "/console/all",
        "one comment": detail[1] if detail else "",
        "audit log": "/console/audit",
        "insights, 90 days of all sites": "/console/insights?days=90",
        "thresholds, of one site": "/console/thresholds?label=insult",
        "what is new (each open page, every 5 s)": f"/console/live?queue=held&since={since}&here=1",
    }


def measure(client: TestClient, rounds: int) -> None:
    title = f"{rounds} rounds, the pages by turns; CPU: of the web process alone, its least"
    table = Table("page", "cards", "median ms", "min", "max", "CPU ms", title=title)
    addresses = pages(client)
    taken: dict[str, list[float]] = {name: [] for name in addresses}
    cards: dict[str, int] = {}
    worked: dict[str, float] = {}
    for _ in range(rounds + 1):
        for name, address in addresses.items():
            began, worked_before = time.perf_counter(), time.process_time()
            answer = client.get(address)
            worked[name] = min(worked.get(name, 1e9), (time.process_time() - worked_before) * 1000)
            taken[name].append((time.perf_counter() - began) * 1000)
            assert answer.is_success, (name, answer.status_code)
            cards[name] = len(CARD.findall(answer.text))
    for name, all_of_them in taken.items():
        times = all_of_them[1:]
        table.add_row(
            name,
            str(cards[name]),
            *(f"{one(times):.0f}" for one in (statistics.median, min, max)),
            f"{worked[name]:.0f}",
        )
    console.print(table)


def explain(database: Database, client: TestClient, path: Path) -> None:
    """The plan of each SELECT of the main pages that takes its rows from comments."""
    said: list[tuple[str, str, Any]] = []
    asked = {name: address for name, address in pages(client).items() if name.split()[0] not in {"audit", "one"}}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")) and (
            " comment" in statement or " audit_entry" in statement or "insight_day" in statement
        ):
            said.append((name, statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    for name, address in asked.items():  # noqa: B007 - `note` reads it
        client.get(address)
    event.remove(database.engine, "before_cursor_execute", note)
    seen: set[str] = set()
    with path.open("w") as file, Session(database.engine) as session:
        for name, statement, parameters in said:
            if statement in seen:
                continue
            seen.add(statement)
            connection = session.connection().connection
            with connection.cursor() as cursor:  # type: ignore[attr-defined]
                cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
                plan = "\n".join(row[0] for row in cursor.fetchall())
            file.write(f"## {name}\n\n{statement[:600]}\n\n{plan}\n\n")


def main(run: Callable[[], argparse.Namespace]) -> None:
    given = run()
    with filled(given.held, given.decided or given.held) as (database, client):
        measure(client, given.rounds)
        if given.plans:
            explain(database, client, given.plans)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held", type=int, default=100_000, help="held comments")
    parser.add_argument("--decided", type=int, help="decided ones, over 90 days; not given: as many as are held")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--plans", type=Path, help="write the plans there")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments)
