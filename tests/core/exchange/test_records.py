"""Damaged files: each flaw costs what it must, and is told."""

from pathlib import Path

import pytest

from service.core.exchange import files, records, wordpress
from service.core.exchange.files import File
from tests.core.exchange.archives import RAW, WXR_END, file, texts, wordpress_comment, wxr


def _read(folder: Path, content: str | bytes, name: str = "archive.xml") -> tuple[list[str], dict[str, int]]:
    opened = file(folder, content, name)
    return texts(wordpress.read(opened)), dict(+opened.damage)


def test_an_undeclared_prefix_is_no_flaw(tmp_path: Path) -> None:
    assert _read(tmp_path, wxr(wordpress_comment())) == (["Comment 1."], {})


def test_what_a_post_or_a_remark_quotes_is_no_comment(tmp_path: Path) -> None:
    remark = f"<!-- {wordpress_comment(998)} -->"

    assert _read(tmp_path, wxr(remark, wordpress_comment()))[0] == ["Comment 1."]


def test_a_comment_cannot_bring_in_another(tmp_path: Path) -> None:
    forged = wordpress_comment(2, content="mine")

    read, damage = _read(tmp_path, wxr(wordpress_comment(1, content=forged.replace("]]>", "]]]]><![CDATA[>"))))

    assert (read, damage) == ([forged.strip()], {})


def test_control_characters_are_dropped_and_told(tmp_path: Path) -> None:
    hostile = wordpress_comment(1, content="a\x01b\0c <b>d</b>\ufffe")

    assert _read(tmp_path, wxr(hostile, wordpress_comment(2))) == (
        ["abc <b>d</b>", "Comment 2."],
        {files.CONTROLS: 1},
    )


def test_a_text_that_is_no_utf_8_is_read_as_windows_1252_and_told(tmp_path: Path) -> None:
    content = wxr(wordpress_comment(1, content="caf# “yes”"), wordpress_comment(2, content="café"))

    read, damage = _read(tmp_path, content.encode().replace(b"caf#", b"caf\xe9 \x96"))

    assert (read, damage) == (["café \u2013 “yes”", "café"], {files.WRONG_ENCODING: 1})


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252"])
def test_a_declared_encoding_is_followed(tmp_path: Path, encoding: str) -> None:
    content = wxr(wordpress_comment(1, content="café")).replace("UTF-8", encoding)

    assert _read(tmp_path, content.encode(encoding)) == (["café"], {})


def test_a_wrongly_declared_encoding_misleads_nobody(tmp_path: Path) -> None:
    content = wxr(wordpress_comment(1, content="café")).replace("UTF-8", "ISO-8859-1")

    assert _read(tmp_path, content.encode()) == (["café"], {})


def test_markup_that_was_never_quoted_is_mended_without_losing_a_word(tmp_path: Path) -> None:
    broken = wordpress_comment(1, content=RAW + "1 < 2 & 3 &nbsp;&amp; a=1&b=2 <b>bold</b> &#1;&#8364;&#x20ac;")

    assert _read(tmp_path, wxr(broken, wordpress_comment(2))) == (
        ["1 < 2 & 3 \xa0& a=1&b=2 bold €€", "Comment 2."],
        {records.MENDED: 1},
    )


def test_a_comment_that_cannot_be_read_costs_no_other(tmp_path: Path) -> None:
    broken = wordpress_comment(2, content=RAW + "<b>never closed")

    assert _read(tmp_path, wxr(wordpress_comment(1), broken, wordpress_comment(3))) == (
        ["Comment 1.", "Comment 3."],
        {files.LEFT_OUT: 1},
    )


def test_a_comment_without_an_end_costs_no_other(tmp_path: Path) -> None:
    broken = wordpress_comment(2).replace("</wp:comment>\n", "")

    assert _read(tmp_path, wxr(wordpress_comment(1), broken, wordpress_comment(3))) == (
        ["Comment 1.", "Comment 3."],
        {files.LEFT_OUT: 1},
    )


def test_a_quotation_without_an_end_costs_two_comments_at_most(tmp_path: Path) -> None:
    broken = wordpress_comment(1, content=RAW + "<![CDATA[never ends")

    read, damage = _read(tmp_path, wxr(broken, wordpress_comment(2), wordpress_comment(3)))

    assert read[-1] == "Comment 3."
    assert damage == {files.LEFT_OUT: 1}


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9], ids=str)
def test_what_was_cut_off_is_told_and_no_half_comment_is_taken(tmp_path: Path, kept: float) -> None:
    comments = [wordpress_comment(number) for number in range(1, 11)]
    content = wxr(*comments, end="")
    whole = len(wxr(end=""))
    cut = whole + round(kept * (len(content) - whole)) + 7

    read, damage = _read(tmp_path, content[:cut])

    assert read == [f"Comment {number}." for number in range(1, round(kept * 10) + 1)]
    assert damage == {files.CUT_OFF: 1}


def test_a_file_that_only_lacks_its_end_is_told(tmp_path: Path) -> None:
    assert _read(tmp_path, wxr(wordpress_comment(), end="")) == (["Comment 1."], {files.CUT_OFF: 1})


def test_a_packed_file_that_breaks_off_is_read_to_there(tmp_path: Path) -> None:
    packed = file(tmp_path, wxr(*(wordpress_comment(number) for number in range(2000))), "archive.xml.gz")
    path = tmp_path / "archive.xml.gz"
    path.write_bytes(path.read_bytes()[: packed.size // 2])

    opened = File(path)
    read = texts(wordpress.read(opened))

    assert 0 < len(read) < 2000
    assert set(opened.damage) == {files.CUT_OFF}


def test_entities_of_a_document_type_are_not_known(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
    content = wxr(wordpress_comment(1, content=RAW + "&b;&c;")).replace("<rss", f"{bomb}<rss")

    assert _read(tmp_path, content)[0] == ["&b;&c;"]


def test_a_record_that_never_ends_is_given_up_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_MOST_BYTES", 20_000)
    monkeypatch.setattr(files, "_CHUNK", 1000)
    endless = "<title><![CDATA[" + "x" * 40_000

    read, damage = _read(tmp_path, wxr(endless, wordpress_comment(1), wordpress_comment(2)))

    # The first one lies in what the quotation swallows.
    assert read == ["Comment 2."]
    assert damage == {files.LEFT_OUT: 1}


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_where_a_chunk_ends_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    content = wxr(wordpress_comment(1, content="a ]] > b"), wordpress_comment(2, content="é"))
    expected = _read(tmp_path, content)
    monkeypatch.setattr(files, "_CHUNK", chunk)

    assert _read(tmp_path, content) == expected
    assert expected == (["a ]] > b", "é"], {})


def test_a_file_that_is_none_of_these_gives_nothing(tmp_path: Path) -> None:
    assert _read(tmp_path, "<html><body>Log in first</body></html>") == ([], {files.CUT_OFF: 1})
    assert WXR_END.endswith("</rss>\n")
