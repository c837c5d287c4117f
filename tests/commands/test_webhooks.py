"""`gatepost webhook`."""

from uuid import UUID

import pytest
from sqlmodel import col, select

from service.core import comments, db, policy, submissions, webhooks
from service.core.comments import Settlement
from service.core.db import Database
from service.core.models import Endpoint, OutboxRow, Site
from service.core.queue import Topic
from service.core.submissions import Submission
from tests.commands.conftest import Run
from tests.secret_keys import KEYRING


@pytest.fixture
def endpoint(run: Run, database: Database) -> Endpoint:
    """Disabled, and an event was missed."""
    run("site", "create", "Treaty blog")
    run("site", "create", "Another blog")
    database.keyring = KEYRING
    with database.transaction() as session:
        site_id: UUID = session.exec(select(Site.id).where(col(Site.name) == "Treaty blog")).one()
        created = webhooks.create(session, site_id, "https://blog.example.org/", allow_private=False)
        webhooks.disable(session, created, "It was away.")
    with database.transaction() as session:
        comment = submissions.submit(session, site_id, Submission(text="Thank you."))
        comments.settle(session, [Settlement(comment.id, comment.revision, policy.unscored("a test"))])
    return created


def _owed(database: Database) -> int:
    with database.reading() as session:
        return len(session.exec(select(OutboxRow).where(col(OutboxRow.topic) == Topic.DELIVER)).all())


def test_the_list_says_what_is_wrong(run: Run, database: Database, endpoint: Endpoint) -> None:
    disabled = run("webhook", "list", "Treaty blog").stdout
    run("webhook", "enable", "Treaty blog", str(endpoint.id))
    enabled = run("webhook", "list", "Treaty blog").stdout
    with database.transaction() as session:
        session.get_one(Endpoint, endpoint.id).failing_since = db.now(session)
    failing = run("webhook", "list", "Treaty blog").stdout

    assert str(endpoint.id) in disabled
    assert "It was away." in disabled
    assert "works" in enabled
    assert "failing since" in failing


def test_what_was_missed_is_sent(run: Run, database: Database, endpoint: Endpoint) -> None:
    run("webhook", "enable", "Treaty blog", str(endpoint.id))

    done = run("webhook", "recover", "Treaty blog", str(endpoint.id), "--since", "2026-01-01")

    assert (done.exit_code, _owed(database)) == (0, 1)
    assert "1 events are sent" in done.stderr


def test_another_sites_endpoint_is_not_found(run: Run, database: Database, endpoint: Endpoint) -> None:
    refused = run("webhook", "enable", "Another blog", str(endpoint.id))

    assert refused.exit_code != 0
    with database.reading() as session:
        assert session.get_one(Endpoint, endpoint.id).disabled_at is not None
