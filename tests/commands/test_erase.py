"""`gatepost erase`."""

from uuid import uuid4

import pytest
from sqlmodel import select

from service.core import sites, submissions
from service.core.db import Database
from service.core.models import AuditEntry, Comment
from service.core.submissions import Submission
from tests.commands.conftest import Run


def _submit(database: Database, **fields: str) -> Comment:
    with database.transaction() as session:
        site = sites.named(session, "Treaty blog")
        return submissions.submit(session, site.id, Submission.model_validate({"text": "Thank you.", **fields}))


@pytest.fixture
def site(run: Run) -> None:
    run("site", "create", "Treaty blog")


def test_a_comment_is_erased(run: Run, database: Database, site: None) -> None:
    comment = _submit(database)

    done = run("erase", "comment", "Treaty blog", str(comment.id))

    assert done.exit_code == 0
    with database.reading() as session:
        assert session.exec(select(Comment)).all() == []
        assert session.exec(select(AuditEntry.actor)).all() == ["operator"]


def test_an_author_is_erased_by_account_and_by_address(
    run: Run, database: Database, site: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.core.erasure.BATCH", 2)
    for fields in (
        {"author_id": "user-17"},
        {"author_email": "AIKO@example.org"},
        {"author_email": "noor@example.org"},
    ):
        for _ in range(2):
            _submit(database, **fields)

    done = run("erase", "author", "Treaty blog", "--id", "user-17", "--email", "aiko@example.org")

    assert "4 comments are erased." in done.stderr
    with database.reading() as session:
        assert set(session.exec(select(Comment.author_email))) == {"noor@example.org"}


def test_nobody_is_erased_without_a_name(run: Run, database: Database, site: None) -> None:
    _submit(database)

    refused = run("erase", "author", "Treaty blog")

    assert "Name the author" in refused.stderr
    with database.reading() as session:
        assert len(session.exec(select(Comment)).all()) == 1


def test_a_comment_that_is_not_there_is_told(run: Run, site: None) -> None:
    assert "no such comment" in str(run("erase", "comment", "Treaty blog", str(uuid4())).exception)
