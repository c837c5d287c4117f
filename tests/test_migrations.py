"""Migrations lead to the models, however often and by however many processes at once."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from service import migrations
from service.core import (
    account_log,
    akismet_keys,
    comments,
    console_sessions,
    coral_keys,
    keys,
    lessons,
    models,
    moderators,
    outbox,
    second_factors,
    shadows,
    signing_keys,
    sites,
    submissions,
    throttle,
    webhooks,
)
from service.core.db import Database, create_engine
from service.core.queue import SilentBell, Topic
from service.core.submissions import Submission
from tests.secret_keys import KEYRING
from tests.servers.postgresql import PostgreSQL

ROOT = Path(__file__).parents[1]
UPGRADE = "import sys; from service import migrations; migrations.upgrade(sys.argv[1])"


def _tables(url: str) -> set[str]:
    engine = create_engine(url)
    tables = set(inspect(engine).get_table_names())
    engine.dispose()
    return tables


def _expected_tables() -> set[str]:
    return {*SQLModel.metadata.tables, "alembic_version"}


def test_the_migrations_make_what_the_models_say(migrated_url: str) -> None:
    engine = create_engine(migrated_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)
    engine.dispose()

    assert differences == []


def test_a_second_upgrade_changes_nothing(migrated_url: str) -> None:
    migrations.upgrade(migrated_url)

    assert _tables(migrated_url) == _expected_tables()


def test_down_to_nothing_and_up_again(migrated_url: str) -> None:
    command.downgrade(migrations.config(migrated_url), "base")
    left = _tables(migrated_url)
    migrations.upgrade(migrated_url)

    assert left == {"alembic_version"}
    assert _tables(migrated_url) == _expected_tables()


def test_processes_that_upgrade_at_once_all_succeed(postgresql_server: PostgreSQL) -> None:
    url = postgresql_server.create_database()
    upgrades = [
        subprocess.Popen([sys.executable, "-c", UPGRADE, url], cwd=ROOT, stderr=subprocess.PIPE) for _ in range(3)
    ]
    endings = [(upgrade.communicate(timeout=60)[1], upgrade.returncode) for upgrade in upgrades]

    assert [code for _, code in endings] == [0, 0, 0], endings
    assert _tables(url) == _expected_tables()
    postgresql_server.drop_database(url)


def test_the_command_that_writes_migrations_sees_the_models(migrated_url: str) -> None:
    """In a process of its own: here the models are loaded already."""
    command = [sys.executable, "-m", "alembic", "-c", "service/migrations/alembic.ini", "check"]

    done = subprocess.run(
        command, env={**os.environ, "GATEPOST_DATABASE_URL": migrated_url}, capture_output=True, text=True, check=False
    )

    assert "No new upgrade operations detected." in done.stdout + done.stderr


def test_every_table_takes_a_row(migrated_url: str) -> None:
    database = Database(create_engine(migrated_url), SilentBell(), keyring=KEYRING)
    with database.transaction() as session:
        site = sites.create(session, "Treaty blog")
        keys.issue(session, site.id, models.Scope.ADMIN)
        akismet_keys.issue(session, site)
        coral_keys.create(session, site.id, "secret")
        endpoint = webhooks.create(session, site.id, "https://blog.example.org/", allow_private=False)
        event = webhooks.ping(session, endpoint)
        comment = submissions.submit(session, site.id, Submission(text="Thank you."), "k-1")
        comments.review(session, site.id, comment.id, approve=True, category=None, actor="site")
        outbox.put(session, Topic.SCORE, comment.id)
        session.add(models.Imprint(comment_id=comment.id, hash=-1, site_id=site.id))
        lessons.locked_model(session, site.id)
        moderator = moderators.create(session, "mo@example.org", "Mo", "a long password")
        moderators.join(session, moderator, site.id)
        console_sessions.begin(session, moderator)
        console_sessions.await_code(session, moderator)
        second_factors.begin(session, moderator.id)
        account_log.record(session, moderator.id, account_log.Action.SESSIONS_ENDED, "operator")
        known: dict[str, Any] = {"site_id": site.id, "comment_id": comment.id}
        session.add(models.Claim(moderator_id=moderator.id, **known))
        session.add(models.Note(kind=models.NoteKind.REASON, actor="Mo", text="No.", **known))
        session.add(models.Report(reason=models.Category.SPAM, text="", **known))
        session.add(models.SpotCheck(share=0.5, **known))
        session.add(models.InsightDay(site_id=site.id, day=date(2026, 1, 1), figures={}))
        session.add(
            models.Invitation(
                token_hash="x", site_id=site.id, email="gast@example.org", role=models.Role.VIEWER, invited_by="Mo"
            )
        )
        known_mail: dict[str, Any] = {"moderator_id": moderator.id, "site_id": site.id}
        session.add(models.Digest(frequency=models.Frequency.DAILY, **known_mail))
        session.add(models.Mail(kind=models.MailKind.DIGEST, **known_mail))
        session.add(models.SavedView(moderator_id=moderator.id, name="Spam", address="/console/spam"))
        throttle.count(session, throttle.Attempt.of("mo@example.org", "203.0.113.7"))
        shadow = models.Shadow(site_id=site.id, name="trial", rules={"max_links": 0}, created_by="site")
        shadows.put(session, site.id, shadow)
        said: dict[str, Any] = {
            "live_decision": "approve",
            "live_rule": "none",
            "decision": "hold",
            "rule": "links",
            "scores": {},
        }
        shadows.record(
            session, [models.ShadowVerdict(shadow_id=shadow.id, comment_id=comment.id, site_id=site.id, **said)]
        )
        session.add(
            models.Delivery(
                site_id=site.id, event_id=event.id, endpoint_id=endpoint.id, attempt=1, duration_ms=1, error="refused"
            )
        )
    with database.reading() as session:
        empty = [
            name for name, table in SQLModel.metadata.tables.items() if session.execute(table.select()).first() is None
        ]
    database.engine.dispose()

    assert empty == []


def test_secrets_of_an_older_version_are_taken_over_with_their_ends(database_url: str) -> None:
    command.upgrade(migrations.config(database_url), "0004")
    engine = create_engine(database_url)
    site, endpoint = uuid4().hex, uuid4().hex
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO site (id, name, created_at) VALUES (:id, 'Blog', '2026-11-24T00:00:00Z')"), {"id": site}
        )
        connection.execute(
            text(
                "INSERT INTO endpoint (id, site_id, url, secret, previous_secret, previous_secret_until, created_at)"
                " VALUES (:id, :site, 'https://blog.example.org/', 'whsec_bmV3', 'whsec_b2xk', '2099-01-01 00:00:00',"
                " '2026-11-24 00:00:00')"
            ),
            {"id": endpoint, "site": site},
        )
    engine.dispose()

    migrations.upgrade(database_url)

    database = Database(create_engine(database_url), SilentBell(), keyring=KEYRING)
    with database.reading() as session:
        [keys_] = signing_keys.live(session, [UUID(endpoint)]).values()
        stored = session.get_one(models.Endpoint, UUID(endpoint))
    database.engine.dispose()
    assert {key.secret: key.ends_at is None for key in keys_} == {"whsec_bmV3": True, "whsec_b2xk": False}
    assert (stored.failures, stored.disabled_at) == (0, None)
