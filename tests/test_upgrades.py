"""From one release to the next: rows are kept and worked on, requests go on, and there is a way back."""

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from alembic import command
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import inspect, make_url, text
from sqlmodel import SQLModel, select

from service import migrations
from service.core import models
from service.core.db import create_engine
from service.core.queue import SilentBell
from service.core.settings import Settings
from service.main import build_app
from tests.engines import word_scorer
from tests.secret_keys import SECRET_KEYS
from tests.servers.postgresql import PostgreSQL
from tests.servers.receiver import Receiver
from tests.servers.waiting import eventually
from workers import delivery, scoring
from workers.learning import step as learning

RELEASES = Path(__file__).parent / "releases"
# Of the rows in `releases`.
KEYS = {
    "sqlite": "gp_s1ffcsvs11yd_Cw2A39GIm4I-7qnKqKr_4mkmWk3iN6NEk9CHKMVBg9M",
    "postgresql+psycopg": "gp_pe9aj8bj6v4w_GqCtES1mX9d4VYVxTw-6UYLHIXkrQH2aaxMgobfq4Xc",
}


@pytest.fixture
def old_url(database_url: str) -> str:
    """A database at revision 0004, with rows of every table as the code of that time wrote them."""
    migrations.upgrade(database_url, "0004")
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(str(make_url(database_url).database))) as connection:
            connection.executescript((RELEASES / "0004.sqlite.sql").read_text(encoding="utf-8"))
    else:
        _run(database_url, (RELEASES / "0004.postgresql.sql").read_text(encoding="utf-8"))
    return database_url


def test_what_an_older_release_has_written_is_worked_on(old_url: str, receiver: Receiver) -> None:
    receiver.secret = _point_endpoint_to(receiver.url, old_url)
    migrations.upgrade(old_url)
    settings = Settings(
        database_url=old_url, webhook_allow_private=True, secret_keys=SecretStr(SECRET_KEYS), _env_file=None
    )
    app = build_app(settings, SilentBell())
    key = KEYS[old_url.partition("://")[0]]
    client = TestClient(app, headers={"authorization": f"Bearer {key}"})

    scoring.score_batch(app.state.database, word_scorer(), settings)
    learning.learn_batch(app.state.database, settings)
    delivery.deliver_batch(app.state.database, settings)

    statuses = {one["external_id"]: one["status"] for one in client.get("/v1/comments").json()["comments"]}
    with app.state.database.reading() as session:
        owed = session.exec(select(models.OutboxRow.topic)).all()
    app.state.database.engine.dispose()
    assert statuses == {"held": "rejected", "approved": "approved", "pending": "approved"}
    assert owed == []
    assert [request.verified for request in receiver.requests] == [True] * 5


def test_a_repeat_across_the_upgrade_gives_back_the_first_comment(old_url: str) -> None:
    migrations.upgrade(old_url)
    app = build_app(Settings(database_url=old_url, secret_keys=SecretStr(SECRET_KEYS), _env_file=None), SilentBell())
    headers = {"authorization": f"Bearer {KEYS[old_url.partition('://')[0]]}", "idempotency-key": "k-2"}
    repeat = {"text": "Nobody has looked at this yet.", "external_id": "pending"}

    again = TestClient(app, headers=headers).post("/v1/comments", json=repeat).json()

    with app.state.database.reading() as session:
        count = len(session.exec(select(models.Comment.id)).all())
    app.state.database.engine.dispose()
    assert again["external_id"] == "pending"
    assert count == 3


def test_back_to_the_release_before_no_comment_is_lost(old_url: str) -> None:
    migrations.upgrade(old_url)

    command.downgrade(migrations.config(old_url), "0004")

    engine = create_engine(old_url)
    with engine.connect() as connection:
        counts = {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("comment", "outbox", "event", "endpoint", "key", "audit_entry", "lesson")
        }
    engine.dispose()
    migrations.upgrade(old_url)
    assert counts == {"comment": 3, "outbox": 6, "event": 4, "endpoint": 1, "key": 1, "audit_entry": 3, "lesson": 1}


def test_a_web_process_of_the_release_before_goes_on_accepting(postgresql_server: PostgreSQL) -> None:
    """While the new processes start the old ones still write: what they insert must fit into the new tables."""
    url = postgresql_server.create_database()
    migrations.upgrade(url)
    written = (RELEASES / "0004.postgresql.sql").read_text(encoding="utf-8").splitlines()
    tables = ("site", "comment", "outbox", "idempotency_key", "audit_entry")
    accepted = [line for line in written if line.split()[2].removeprefix("public.") in tables and "deliver" not in line]

    _run(url, "\n".join(accepted))

    engine = create_engine(url)
    with engine.connect() as connection:
        stored = connection.execute(text("SELECT count(*) FROM comment")).scalar()
    engine.dispose()
    postgresql_server.drop_database(url)
    assert stored == 3


def test_a_migration_that_waits_for_a_table_holds_nobody_up(postgresql_server: PostgreSQL) -> None:
    url = postgresql_server.create_database()
    migrations.upgrade(url, "0003")
    upgrade = threading.Thread(target=migrations.upgrade, args=(url,))
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain) as reader, psycopg.connect(plain, autocommit=True) as watching:
        # As a long report would: revision 0004 cannot change the table now, and waits.
        reader.execute("SELECT count(*) FROM comment")
        upgrade.start()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER TABLE comment%'"
        eventually(lambda: watching.execute(waiting).fetchone(), within=timedelta(seconds=60))

        # A request would give up.
        watching.execute("SET statement_timeout = '3s'")
        while_it_waits = watching.execute("SELECT count(*) FROM comment").fetchone()
        waited = upgrade.is_alive()

    upgrade.join(60)
    engine = create_engine(url)
    tables = set(inspect(engine).get_table_names())
    engine.dispose()
    postgresql_server.drop_database(url)
    assert while_it_waits == (0,)
    assert waited
    assert tables > set(SQLModel.metadata.tables)


def test_an_index_that_was_left_half_built_is_built_anew(postgresql_server: PostgreSQL) -> None:
    url = postgresql_server.create_database()
    migrations.upgrade(url, "0006")
    _run(url, "CREATE INDEX ix_outbox_endpoint_id_due_at ON outbox (id)")

    migrations.upgrade(url)

    engine = create_engine(url)
    indexes = {index["name"]: index["column_names"] for index in inspect(engine).get_indexes("outbox")}
    engine.dispose()
    postgresql_server.drop_database(url)
    assert indexes["ix_outbox_endpoint_id_due_at"] == ["endpoint_id", "due_at"]


def _run(url: str, script: str) -> None:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(script.encode())


def _point_endpoint_to(receiver_url: str, url: str) -> str:
    """Gives back the endpoint's secret, as it stood in revision 0004."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE endpoint SET url = :url"), {"url": receiver_url})
        secret: str = connection.execute(text("SELECT secret FROM endpoint")).scalar_one()
    engine.dispose()
    return secret
