"""`gatepost import` and `gatepost export`."""

import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from sqlmodel import col, select

from service.core import comments, sites, submissions
from service.core.db import Database
from service.core.models import Comment, OutboxRow, Status
from service.core.submissions import Submission
from tests.commands.conftest import Run
from tests.core.exchange.archives import disqus, disqus_post, wordpress_comment, written, wxr
from tests.servers.waiting import eventually

ROOT = Path(__file__).parents[2]
# Not what another installation would know, nor what is made anew there.
NOT_COMPARED = {"id", "site_id", "created_at", "decided_by", "verdict", "sequence", "revision"}
FORMULA = '=HYPERLINK("https://evil.example")\n+1,\'tis \u00e9 \U0001f600'


@pytest.fixture
def site(run: Run) -> None:
    run("site", "create", "Treaty blog")


def stored(database: Database) -> list[Comment]:
    with database.reading() as session:
        return list(session.exec(select(Comment).order_by(col(Comment.id))))


def test_a_wordpress_export_is_imported_and_what_came_of_it_told(
    run: Run, database: Database, site: None, tmp_path: Path
) -> None:
    kinds = (("1", "comment"), ("spam", "comment"), ("0", "comment"), ("1", "pingback"))
    comments_of = [wordpress_comment(n, approved=word, type=kind) for n, (word, kind) in enumerate(kinds)]
    archive = written(tmp_path, wxr(*comments_of, wordpress_comment(9, content="")), "blog.xml.gz")

    done = run("import", "wordpress", str(archive))

    assert done.exit_code == 0
    assert [comment.external_id for comment in stored(database)] != []
    told = " ".join(done.stderr.split())
    assert "4 comments are stored" in told
    assert "2 approved 1 spam 1 held 1 of them by other blogs" in told
    assert "1 without text, left out" in told


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("wordpress", wxr(wordpress_comment())),
        ("disqus", disqus(disqus_post())),
        ("csv", "text\nComment 1.\n"),
        ("jsonl", '{"text": "Comment 1."}\n'),
    ],
)
def test_each_kind_of_archive_is_imported_once(
    run: Run, database: Database, site: None, tmp_path: Path, kind: str, content: str
) -> None:
    archive = str(written(tmp_path, content))

    first, second = run("import", kind, archive), run("import", kind, archive)

    assert (first.exit_code, second.exit_code) == (0, 0), first.exception
    assert "1 were there before." in second.stderr
    assert [comment.author_ip for comment in stored(database)] == [None]


def test_the_site_is_named_where_there_are_several(run: Run, database: Database, site: None, tmp_path: Path) -> None:
    run("site", "create", "Another blog")
    archive = str(written(tmp_path, '{"text": "a"}'))

    asked = run("import", "jsonl", archive)
    done = run("import", "jsonl", archive, "--site", "Another blog")

    assert "Which site?" in asked.stderr
    assert done.exit_code == 0
    with database.reading() as session:
        assert [comment.site_id for comment in stored(database)] == [sites.named(session, "Another blog").id]


def test_what_was_undecided_is_decided_by_the_machine_for_who_asks(
    run: Run, database: Database, site: None, tmp_path: Path
) -> None:
    archive = str(written(tmp_path, wxr(wordpress_comment(1, approved="0"), wordpress_comment(2))))
    run("import", "wordpress", archive)

    done = run("import", "wordpress", archive, "--decide", "undecided")

    assert "1 comments will be decided" in done.stderr
    assert {comment.external_id: comment.status for comment in stored(database)} == {
        "1": Status.PENDING,
        "2": Status.APPROVED,
    }
    with database.reading() as session:
        assert len(session.exec(select(OutboxRow)).all()) == 1


def test_an_import_that_is_killed_goes_on_and_stores_nothing_twice(
    run: Run, database: Database, site: None, tmp_path: Path
) -> None:
    archive = written(tmp_path, "".join(f'{{"external_id": "{n}", "text": "Comment {n}."}}\n' for n in range(6000)))
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "service.cli", "import", "jsonl", str(fifo)]
    importing = subprocess.Popen(command, env=os.environ, cwd=ROOT, stderr=subprocess.DEVNULL)
    # For both ends: opening one alone would wait for the other.
    with fifo.open("r+b", buffering=0) as pipe:
        pipe.write(archive.read_bytes()[:50_000])
        eventually(lambda: len(stored(database)) > 0, within=timedelta(minutes=1))
        importing.send_signal(signal.SIGKILL)
        importing.wait()
    before = len(stored(database))

    done = run("import", "jsonl", str(archive))

    assert 0 < before < 6000
    assert f"{6000 - before:,} comments are stored" in done.stderr
    assert len({comment.external_id for comment in stored(database)}) == len(stored(database)) == 6000


def _decided_comments(database: Database) -> None:
    """One of each kind, with all that a comment may have."""
    everything: dict[str, Any] = {
        "text": FORMULA,
        "type": "reply",
        "author_name": "@Aiko",
        "author_email": "aiko@example.org",
        "author_url": "https://aiko.example.org",
        "author_ip": "203.0.113.7",
        "user_agent": "Mozilla/5.0",
        "referrer": "https://search.example/",
        "permalink": "https://blog.example.org/treaty",
        "post_id": "9",
        "post_title": "-1 treaty",
        "post_published_at": "2019-05-01T08:00:00Z",
        "parent_id": "c-41",
        "language": "en",
        "posted_at": "2020-01-02T03:04:05.678Z",
        "honeypot": "x",
        "fill_seconds": 1.5,
        "metadata": {"=a": ["\u00e9", 1]},
    }
    with database.transaction() as session:
        site_id = sites.named(session, "Treaty blog").id
        for number, category in enumerate((None, "spam", "toxic", "off_topic", "other")):
            submission = Submission.model_validate({**everything, "external_id": f"=c-{number}"})
            comment = session.get_one(Comment, submissions.submit(session, site_id, submission).id)
            comment.status = Status.REJECTED if category else Status.APPROVED
            comment.category = category  # type: ignore[assignment]
            comment.decided_at, comment.decided_by = comment.posted_at, "moderator:1"


def _content(database: Database) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in comment.model_dump().items() if name not in NOT_COMPARED}
        for comment in sorted(stored(database), key=lambda comment: comment.external_id or "")
    ]


@pytest.mark.parametrize(("kind", "packed"), [("jsonl", ".gz"), ("csv", "")])
def test_what_is_exported_comes_back_as_it_was(
    run: Run, database: Database, site: None, tmp_path: Path, kind: str, packed: str
) -> None:
    _decided_comments(database)
    before = _content(database)
    file = str(tmp_path / f"export.{kind}{packed}")

    exported = run("export", "--format", kind, "--output", file)
    with database.transaction() as session:
        for comment in session.exec(select(Comment)):
            session.delete(comment)
    imported = run("import", kind, file, "--keep-ip")

    assert (exported.exit_code, imported.exit_code) == (0, 0)
    assert len(before) == 5
    assert _content(database) == before


def test_wordpress_statuses_come_back_from_wxr(run: Run, database: Database, site: None, tmp_path: Path) -> None:
    archive = written(
        tmp_path, wxr(*(wordpress_comment(n, approved=a) for n, a in enumerate(("1", "0", "spam", "trash"))))
    )
    run("import", "wordpress", str(archive))

    exported = run("export", "--format", "wxr").stdout

    namespace = "{http://wordpress.org/export/1.2/}"
    found = ET.fromstring(exported).iter(f"{namespace}comment")
    statuses = {c.findtext(f"{namespace}comment_id"): c.findtext(f"{namespace}comment_approved") for c in found}
    assert statuses == {"0": "1", "1": "0", "2": "spam", "3": "trash"}
    again = run("import", "wordpress", str(written(tmp_path, exported, "again.xml")))
    assert "4 were there before." in again.stderr
    assert "cut off" not in again.stderr


def test_no_cell_of_a_csv_is_a_formula(run: Run, database: Database, site: None) -> None:
    _decided_comments(database)

    exported = run("export", "--format", "csv").stdout

    header, *rows = csv.reader(io.StringIO(exported))
    assert len(rows) == 5
    assert dict(zip(header, rows[0], strict=True))["text"] == f"'{FORMULA}"
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_all_sites_are_exported_under_one_header(run: Run, database: Database, site: None, tmp_path: Path) -> None:
    run("site", "create", "Another blog")
    for name in ("Treaty blog", "Another blog"):
        run("import", "jsonl", str(written(tmp_path, '{"text": "a"}\n{"text": "b"}\n')), "--site", name)

    as_csv = list(csv.DictReader(io.StringIO(run("export", "--all", "--format", "csv").stdout)))
    as_json = [json.loads(line) for line in run("export", "--all").stdout.splitlines()]

    expected = ["Another blog"] * 2 + ["Treaty blog"] * 2
    assert [row["site"] for row in as_csv] == [row["site"] for row in as_json] == expected
    assert "WXR is the export of one site" in run("export", "--all", "--format", "wxr").stderr


def test_an_export_is_there_when_it_is_whole(
    run: Run, database: Database, site: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("service.commands.exports._lines", broken)
    file = tmp_path / "export.jsonl"

    assert run("export", "--output", str(file)).exit_code == 1
    assert not file.exists()


def test_a_pending_comment_comes_back_undecided(run: Run, database: Database, site: None, tmp_path: Path) -> None:
    with database.transaction() as session:
        submissions.submit(session, sites.named(session, "Treaty blog").id, Submission(text="a"))
    file = tmp_path / "export.jsonl.gz"

    run("export", "--output", str(file))
    [row] = map(json.loads, gzip.decompress(file.read_bytes()).splitlines())
    run("site", "create", "Another blog")
    run("import", "jsonl", str(file), "--site", "Another blog")

    _, copy = sorted(stored(database), key=lambda comment: comment.decided_by or "")
    assert row["status"] == "pending"
    assert (copy.status, copy.decided_by, copy.external_id) == (Status.HELD, comments.IMPORT, row["id"])
