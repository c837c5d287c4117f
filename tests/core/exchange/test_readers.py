"""What the readers make of WordPress's, Disqus's and anybody's files."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from service.core.exchange import disqus, files, tables, wordpress
from service.core.exchange.entries import Entry
from tests.core.exchange import archives
from tests.core.exchange.archives import disqus_post, file, wordpress_comment, wxr

WRITTEN = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def _wordpress(folder: Path, *comments: str) -> list[Entry]:
    return list(wordpress.read(file(folder, wxr(*comments))))


def test_a_wordpress_comment_comes_with_its_post_and_without_an_address(tmp_path: Path) -> None:
    [entry] = _wordpress(tmp_path, wordpress_comment(3, parent="2", approved="0"))

    assert (entry.external_id, entry.status) == ("3", "0")
    assert entry.fields == {
        "text": "Comment 3.",
        "type": "comment",
        "author_name": "Aiko",
        "author_email": "aiko@example.org",
        "permalink": "https://blog.example.org/treaty",
        "post_id": "9",
        "post_title": "What the treaty means",
        "post_published_at": datetime(2019, 5, 1, 8, tzinfo=UTC),
        "parent_id": "2",
        "language": "en",
        "posted_at": WRITTEN,
    }


def test_an_address_is_kept_for_who_asks(tmp_path: Path) -> None:
    of_wordpress = list(wordpress.read(file(tmp_path, wxr(wordpress_comment())), keep_ip=True))
    of_disqus = list(disqus.read(file(tmp_path, archives.disqus(disqus_post())), keep_ip=True))

    assert [entry.fields["author_ip"] for entry in of_wordpress + of_disqus] == ["203.0.113.7"] * 2


def test_pingbacks_are_told_apart_and_notes_of_a_shop_left_out(tmp_path: Path) -> None:
    opened = file(
        tmp_path,
        wxr(*(wordpress_comment(type=kind) for kind in ("", "pingback", "trackback", "order_note", "review"))),
    )

    kinds = [entry.fields["type"] for entry in wordpress.read(opened)]

    assert kinds == ["comment", "pingback", "trackback", "review"]
    assert dict(opened.damage) == {wordpress.NOT_PEOPLE % "order_note": 1}


def test_where_wordpress_does_not_know_the_time_in_utc_the_blog_s_own_is_taken(tmp_path: Path) -> None:
    [entry] = _wordpress(tmp_path, wordpress_comment(date_gmt="0000-00-00 00:00:00", date="2007-09-04 10:49:28"))

    assert entry.fields["posted_at"] == datetime(2007, 9, 4, 10, 49, 28, tzinfo=UTC)


def test_a_disqus_comment_comes_with_its_page(tmp_path: Path) -> None:
    [entry] = disqus.read(file(tmp_path, archives.disqus(disqus_post(4))))

    assert (entry.external_id, entry.status) == ("4", "approved")
    assert entry.fields == {
        "text": "<p>Comment 4.</p>",
        "author_name": "Aiko",
        "permalink": "https://blog.example.org/treaty",
        "post_id": "/treaty",
        "post_title": "What the treaty means",
        "post_published_at": datetime(2019, 5, 1, 8, tzinfo=UTC),
        "parent_id": "5",
        "posted_at": WRITTEN,
    }


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        ({"isSpam": "true", "isDeleted": "true"}, "spam"),
        ({"isDeleted": "true"}, "deleted"),
        ({"isApproved": "false"}, "pending"),
        ({"isApproved": "true"}, "approved"),
    ],
    ids=str,
)
def test_what_disqus_says_of_a_comment(tmp_path: Path, flags: dict[str, str], status: str) -> None:
    [entry] = disqus.read(file(tmp_path, archives.disqus(disqus_post(1, **flags))))

    assert entry.status == status


def _csv(folder: Path, content: str | bytes) -> list[Entry]:
    return list(tables.read_csv(file(folder, content)))


def test_a_csv_s_columns_are_those_of_a_submission(tmp_path: Path) -> None:
    header = "external_id,text,author_name,posted_at,status,metadata,unknown\n"
    [entry] = _csv(tmp_path, f'{header}c-1,"two\nlines, ""quoted""",Aiko,2020-01-02 03:04:05,spam,"{{""a"": 1}}",x\n')

    assert (entry.external_id, entry.status) == ("c-1", "spam")
    assert entry.fields == {
        "text": 'two\nlines, "quoted"',
        "author_name": "Aiko",
        "posted_at": WRITTEN,
        "metadata": {"a": 1},
    }


def test_a_cell_that_was_made_safe_for_spreadsheets_is_itself_again(tmp_path: Path) -> None:
    assert [entry.fields["text"] for entry in _csv(tmp_path, "text\n'=1+1\n'tis\n''=x\n")] == ["=1+1", "'tis", "'=x"]


def test_a_csv_by_excel_is_read(tmp_path: Path) -> None:
    content = "\ufefftext,status\r\ncafé,approved\r\n"

    assert [entry.fields["text"] for entry in _csv(tmp_path, content.encode())] == ["café"]
    assert [entry.fields["text"] for entry in _csv(tmp_path, content[1:].encode("cp1252"))] == ["café"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_spreadsheet_s_utf_16_is_read(tmp_path: Path, encoding: str) -> None:
    # More than is read at a time; half of an owl stands before its end.
    texts = ["ä🦉🦉🦉"] * 70_000
    written = "\ufeff" + "".join(f"{text}\n" for text in ["text", *texts])

    opened = file(tmp_path, written.encode(encoding), "a.csv")

    assert [entry.fields["text"] for entry in tables.read_csv(opened)] == texts
    assert not opened.damage


def test_rows_with_cells_too_many_or_too_few_are_read(tmp_path: Path) -> None:
    assert [entry.fields.get("text") for entry in _csv(tmp_path, "status,text\nspam,a,b,c\nspam\n")] == ["a", None]


@pytest.fixture
def small_cells(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tables, "_LONGEST_CELL", 1000)
    # The whole process has one limit, which reading sets.
    before = csv.field_size_limit()
    yield
    csv.field_size_limit(before)


@pytest.mark.usefixtures("small_cells")
def test_a_cell_without_an_end_costs_no_more_than_a_megabyte(tmp_path: Path) -> None:
    opened = file(tmp_path, 'text\nfirst\n"never closed\n' + "more\n" * 1000)

    read = [entry.fields["text"] for entry in tables.read_csv(opened)]

    assert read[0] == "first"
    assert opened.damage[files.LEFT_OUT] >= 1
    assert len(read) > 500


def test_a_json_line_that_is_none_costs_no_other(tmp_path: Path) -> None:
    opened = file(tmp_path, '{"text": "a", "post_id": 7}\n{"text": \n[1]\n\n{"text": "b"}')

    entries = list(tables.read_jsonl(opened))

    assert [entry.fields for entry in entries] == [{"text": "a", "post_id": "7"}, {"text": "b"}]
    assert dict(opened.damage) == {files.LEFT_OUT: 2}


@pytest.mark.parametrize(
    ("row", "external_id"),
    [({"external_id": "c-1", "id": "x"}, "c-1"), ({"id": 17}, "17")],
)
def test_a_row_s_id_is_its_own(tmp_path: Path, row: dict[str, Any], external_id: str) -> None:
    [entry] = tables.read_jsonl(file(tmp_path, json.dumps({"text": "a", **row})))

    assert entry.external_id == external_id


def test_a_row_without_an_id_has_the_same_one_each_time(tmp_path: Path) -> None:
    content = '{"text": "a"}\n{"text": "b"}\n'

    first, again = ([e.external_id for e in tables.read_jsonl(file(tmp_path, content))] for _ in range(2))

    assert first == again
    assert len(set(first)) == 2
