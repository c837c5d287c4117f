"""How long a migration of a large database holds up those who write: `python -m bench.migrations [ROWS] [FROM] [TO]`.

Fills PostgreSQL at the revision FROM with ROWS comments and a tenth as many rows in the outbox, then migrates to TO
while clients insert comments as the release before did: a row each in `comment` and `outbox`, committed. Prints how
long each revision took, and the slowest insert meanwhile.
"""

import sys
import threading
import time
import uuid

import psycopg
from alembic.script import ScriptDirectory
from rich.console import Console
from rich.table import Table

from service import migrations
from tests.servers.postgresql import OwnPostgreSQL

CLIENTS = 4
PAUSE_SECONDS = 0.02
FILL = """
INSERT INTO comment
  (id, site_id, text, type, status, revision, sequence, created_at, extra, text_fingerprint, author_key)
SELECT gen_random_uuid(), %(site)s, 'Thank you, that explains the treaty well. ' || n, 'comment', 'approved', 1, 1,
       now() - n * interval '1 second', '{}', n, 'id:' || n %% 1000
FROM generate_series(1, %(rows)s) AS n
"""
OWE = """
INSERT INTO outbox (id, topic, subject_id, created_at, due_at, attempts)
SELECT id, 'deliver', id, now(), now() + interval '1 day', 0 FROM comment LIMIT %(rows)s
"""
ACCEPT = """
WITH stored AS (
  INSERT INTO comment (id, site_id, text, type, status, revision, sequence, created_at, extra, text_fingerprint)
  VALUES (%(id)s, %(site)s, 'A comment.', 'comment', 'pending', 1, 0, now(), '{}', 1)
)
INSERT INTO outbox (id, topic, subject_id, created_at, due_at, attempts)
VALUES (gen_random_uuid(), 'score', %(id)s, now(), now(), 0)
"""


def accept(url: str, site: uuid.UUID, stop: threading.Event, waits: list[tuple[float, float]]) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.wait(PAUSE_SECONDS):
            asked_at = time.monotonic()
            connection.execute(ACCEPT, {"id": uuid.uuid4(), "site": site})
            waits.append((asked_at, time.monotonic() - asked_at))


def fill(url: str, rows: int) -> uuid.UUID:
    site = uuid.uuid4()
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO site (id, name, created_at) VALUES (%s, 'Large', now())", [site])
        connection.execute(FILL, {"site": site, "rows": rows})
        connection.execute(OWE, {"rows": rows // 10})
    return site


def slowest(waits: list[tuple[float, float]], began: float, ended: float) -> str:
    meanwhile = [wait for asked_at, wait in waits if began < asked_at + wait and asked_at < ended]
    return f"{max(meanwhile, default=0):.3f}"


def main() -> None:
    arguments = sys.argv[1:] + ["1000000", "0004", "head"][len(sys.argv) - 1 :]
    rows, start, end = int(arguments[0]), arguments[1], arguments[2]
    # In memory where there is room: what is measured are locks, not this disk.
    server = OwnPostgreSQL(durable=False)
    server.initialise()
    server.start()
    url = server.create_database()
    plain = url.replace("+psycopg", "")
    migrations.upgrade(url, start)
    site = fill(plain, rows)
    stop, waits = threading.Event(), list[tuple[float, float]]()
    clients = [threading.Thread(target=accept, args=(plain, site, stop, waits)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(3)
    table = Table("", "seconds", "slowest insert (s)", title=f"{rows} comments")
    calm = time.monotonic()
    table.add_row("before", "3", slowest(waits, calm - 3, calm))
    for revision in reversed([*ScriptDirectory.from_config(migrations.config(url)).iterate_revisions(end, start)]):
        began = time.monotonic()
        migrations.upgrade(url, revision.revision)
        done = time.monotonic()
        table.add_row(revision.revision, f"{done - began:.1f}", slowest(waits, began, done))
    stop.set()
    for client in clients:
        client.join()
    Console().print(table, f"{len(waits)} inserts")
    server.remove()


if __name__ == "__main__":
    main()
