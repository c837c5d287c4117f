"""`gatepost learning`: give a site a past, look at it, ask about a text, forget it."""

from pathlib import Path
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from service.core import comments, submissions
from service.core.db import Database
from service.core.models import Category
from service.core.settings import Settings
from service.core.submissions import Submission
from tests.workers.learning.lessons import ORDINARY, SELLING, texts
from workers import cli
from workers.learning import step


@pytest.fixture(autouse=True)
def command_database(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEPOST_DATABASE_URL", migrated_url)


def test_a_file_with_decided_comments_teaches_the_site(site_id: UUID, tmp_path: Path) -> None:
    rows = [f'"{text}",approved' for text in texts(ORDINARY, 20)] + [f'"{text}",spam' for text in texts(SELLING, 20)]
    file = tmp_path / "past.csv"
    file.write_text("\n".join(["text,status", *rows, '"not decided",pending', ",spam"]), encoding="utf-8")

    seeded = _run("seed", "Blog", str(file))

    assert seeded.output.startswith("40 lessons.")
    assert "Version 1, taught by 40 lessons." in _run("show", "Blog").output
    explained = _run("explain", "Blog", "cheap watches").output
    assert explained.startswith("spam: +")
    assert "“watches”" in explained


def test_what_tells_most_is_shown_in_the_words_of_the_comments(
    database: Database, site_id: UUID, settings: Settings
) -> None:
    with database.transaction() as session:
        for kind, category in ((ORDINARY, None), (SELLING, Category.SPAM)):
            for text in texts(kind, 12):
                comment = submissions.submit(session, site_id, Submission(text=text))
                approve = category is None
                comments.review(session, site_id, comment.id, approve=approve, category=category, actor="moderator:mia")
    step.learn_batch(database, settings)

    shown = _run("show", "Blog").output

    assert "moderator:mia" in shown
    assert "“watches”" in shown


def test_a_reset_is_told_and_done(site_id: UUID, tmp_path: Path) -> None:
    file = tmp_path / "past.jsonl"
    file.write_text('{"text": "a remark", "status": "approved"}\n', encoding="utf-8")
    _run("seed", "Blog", str(file))

    assert _run("reset", "Blog", "--yes").output == "1 lessons are forgotten.\n"
    assert "Version 2, taught by 0 lessons." in _run("show", "Blog").output


def test_an_unknown_site_is_told_in_a_line(site_id: UUID) -> None:
    result = CliRunner().invoke(cli.app, ["learning", "show", "Bolg"])

    assert result.exit_code == 1
    assert "There is no site “Bolg”. There are: Blog" in result.output


def _run(*words: str) -> Result:
    result = CliRunner().invoke(cli.app, ["learning", *words])
    assert result.exit_code == 0, result.output
    return result
