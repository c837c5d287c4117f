"""Labelled files are read as spreadsheets and scripts leave them; bad rows are counted, not fatal."""

import gzip
from pathlib import Path

import pytest

from workers.evaluation import files
from workers.evaluation.columns import Row
from workers.evaluation.files import Report, UnreadableFileError

UMLAUTS = [{"text": "Größe „zitiert“", "toxic": "0"}, {"text": "two\nlines, quoted", "toxic": "1"}]
CSV = 'text,toxic\r\nGröße „zitiert“,0\r\n"two\nlines, quoted",1\r\n'


def _read(path: Path) -> tuple[list[Row], Report]:
    report = Report()
    with files.opened(path, report, lambda _: None) as rows:
        return list(rows), report


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_csv_is_read_in_the_encodings_of_spreadsheets(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_bytes(CSV.encode(encoding))

    rows, report = _read(path)

    assert rows == UMLAUTS
    assert bool(report.notes) == (encoding == "cp1252")


def test_a_damaged_character_does_not_change_the_encoding_of_all_others(tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_bytes(CSV.encode() + b"caf\xe9,1\r\n")

    rows, _ = _read(path)

    assert rows == [*UMLAUTS, {"text": "caf\ufffd", "toxic": "1"}]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_seen_in_the_header(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text(f"text{delimiter}toxic\nHello, you{delimiter}1\n")

    assert _read(path)[0] == [{"text": "Hello, you", "toxic": "1"}]


def test_a_file_may_be_gzipped(tmp_path: Path) -> None:
    path = tmp_path / "comments.tsv.gz"
    path.write_bytes(gzip.compress(b"text\ttoxic\nHello\t1\n"))

    assert _read(path)[0] == [{"text": "Hello", "toxic": "1"}]


def test_json_lines_are_read_and_broken_ones_counted(tmp_path: Path) -> None:
    path = tmp_path / "comments.jsonl"
    path.write_text('{"text": "Hello", "toxic": true, "score": null}\n\n{"text": \n[1]\n{"text": "Hi", "toxic": 0}\n')

    rows, report = _read(path)

    assert rows == [{"text": "Hello", "toxic": "true", "score": ""}, {"text": "Hi", "toxic": "0"}]
    assert report.bad_rows == 2


def test_rows_of_the_wrong_width_are_counted_and_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text("text,toxic\nHello\nHi,1,2\n\nGood,0\n")

    rows, report = _read(path)

    assert rows == [{"text": "Good", "toxic": "0"}]
    assert report.bad_rows == 2


def test_nul_bytes_and_very_long_cells_are_read(tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text(f"text,toxic\na\0b,1\n{'x' * 200_000},0\n")

    rows, _ = _read(path)

    assert [len(row["text"]) for row in rows] == [2, 200_000]


def test_reading_tells_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "comments.csv"
    path.write_text("text,toxic\n" + "Hello,1\n" * 5000)
    told: list[int] = []

    with files.opened(path, Report(), told.append) as rows:
        assert len(list(rows)) == 5000

    assert told == sorted(told)
    assert told[-1] == files.size(path)


@pytest.mark.parametrize("content", [None, b"\x1f\x8b broken"])
def test_a_file_that_cannot_be_read_is_told(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "comments.csv.gz"
    if content:
        path.write_bytes(content)

    with pytest.raises(UnreadableFileError, match=r"comments\.csv\.gz"):
        _read(path)
