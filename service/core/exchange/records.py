"""Records out of a huge XML file that may be damaged: each is found by its tags and parsed for itself.

A parser that reads the whole file stops at the first flaw, or goes on and silently drops words. Here a flaw costs one
record at most. No document type reaches the parser, so no entity does either.
"""

import html.entities
import re
from collections.abc import Iterable, Iterator, Sequence
from xml.parsers import expat

from service.core.exchange import files
from service.core.exchange.files import File

MENDED = "with broken markup, mended"

# A comment of WordPress has 64 kB at most; more is a record that does not end.
_MOST_BYTES = 4 << 20
# A tag that is longer than this is none.
_LONGEST_TAG = 256
# As browsers do (WHATWG Encoding).
_READ_AS = {"utf8": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "windows-1252", "latin1": "windows-1252"}
_ENDS = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding=["']([\w.-]+)""")
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_CHARACTER = re.compile("[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(?:(#[0-9]+|#[xX][0-9a-fA-F]+|\w+);)?|<(?![/!?\w])")


class Scanner:
    """Finds the records of some tags, which do not nest in themselves, but not in what is quoted (CDATA) or a remark.

    The last of the tags is the one that counts: its start ends whatever is still open.
    """

    def __init__(self, file: File, tags: Sequence[str], root: str) -> None:
        names = b"|".join(re.escape(tag.encode()) for tag in tags)
        end = re.escape(f"</{root}>".encode())
        tags_of_records = rb"</(%b)\s*>|<(%b)(\s[^<>]*|/)?>" % (names, names)
        self._token = re.compile(rb"<!\[CDATA\[|<!--|%b|%b" % (end, tags_of_records))
        self._file = file
        self._main = tags[-1].encode()
        self._end = end
        self._buffer = b""
        self._at = 0  # what lies before has been looked at
        self._open: tuple[bytes, int] | None = None  # a record's tag and where it starts
        self._until: bytes | None = None  # what ends the quotation that `_at` lies in
        self._complete = False
        self.encoding = "utf-8"

    def records(self) -> Iterator[tuple[str, str]]:
        """Tag and text of each record, in order."""
        for number, chunk in enumerate(self._file.chunks()):
            if number == 0:
                self._read_declaration(chunk)
            self._buffer += chunk
            yield from self._found()
            self._give_up_if_endless()
            self._drop()
        if self._open or self._until or not self._complete:
            self._file.damage[files.CUT_OFF] = 1

    def _read_declaration(self, beginning: bytes) -> None:
        declared = _DECLARED.search(beginning)
        name = declared[1].decode().lower() if declared else "utf-8"
        try:
            "".encode(name)
        except LookupError:
            return
        self.encoding = _READ_AS.get(name, name)

    def _found(self) -> Iterator[tuple[str, str]]:
        while True:
            if self._until:
                end = self._buffer.find(self._until, self._at)
                if end < 0:
                    self._at = max(self._at, len(self._buffer) - len(self._until))
                    return
                self._at, self._until = end + len(self._until), None
            token = self._token.search(self._buffer, self._at)
            if token is None:
                self._at = max(self._at, len(self._buffer) - _LONGEST_TAG)
                return
            self._at = token.end()
            if record := self._read(token):
                yield (token[1] or token[2]).decode(), self._file.clean(record, self.encoding)

    def _read(self, token: re.Match[bytes]) -> bytes | None:
        """What the token ends."""
        ended, started, attributes = token[1], token[2], token[3] or b""
        if token[0] in _ENDS:
            self._until = _ENDS[token[0]]
        elif ended and self._open and self._open[0] == ended:
            start, self._open = self._open[1], None
            return self._buffer[start : token.end()]
        elif started and (self._open is None or started in {self._open[0], self._main}):
            if self._open:
                self._file.damage[files.LEFT_OUT] += 1
            self._open = None if attributes.endswith(b"/") else (started, token.start())
            return None if self._open else token[0]
        elif not (ended or started):
            self._complete = True
        return None

    def _give_up_if_endless(self) -> None:
        if self._open and len(self._buffer) - self._open[1] > _MOST_BYTES:
            self._file.damage[files.LEFT_OUT] += 1
            self._at, self._open, self._until = self._open[1] + 1, None, None

    def _drop(self) -> None:
        """Forget what is behind: nothing but an open record is looked at again."""
        done = self._open[1] if self._open else self._at
        self._buffer = self._buffer[done:]
        self._at -= done
        if self._open:
            self._open = (self._open[0], 0)


def parse(record: str, file: File) -> dict[str, str] | None:
    """The texts of a record's elements by their path (`author/name`), and its attributes (`thread@dsq:id`).

    Of several of one name the first. None when it cannot be read, even mended.
    """
    try:
        return _parse(record)
    except expat.ExpatError:
        pass
    try:
        fields = _parse("".join(_mended(_CDATA.split(record))))
    except expat.ExpatError:
        file.damage[files.LEFT_OUT] += 1
        return None
    file.damage[MENDED] += 1
    return fields


def _parse(record: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    path: list[str] = []
    texts: list[list[str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append(name)
        texts.append([])
        for attribute, value in attributes.items():
            fields.setdefault(f"{'/'.join(path[1:])}@{attribute}", value)

    def end(_: str) -> None:
        text = "".join(texts.pop())
        fields.setdefault("/".join(path[1:]), text)
        path.pop()
        if texts:
            # Markup that should have been quoted: at least its text belongs to the element around it.
            texts[-1].append(text)

    def said(text: str) -> None:
        texts[-1].append(text)

    # Without namespaces: an undeclared prefix is a name like any other.
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = said
    parser.Parse(record.encode(), True)
    return fields


def _mended(parts: Iterable[str]) -> Iterator[str]:
    for part in parts:
        yield part if part.startswith("<![CDATA[") else _BARE.sub(_escaped, part)


def _escaped(found: re.Match[str]) -> str:
    if found[0] == "<":
        return "&lt;"
    name = found[1] or ""
    if name.startswith("#"):
        code = int(f"0{name[1:]}", 0) if name[1] in "xX" else int(name[1:])
        return f"&#{code};" if _CHARACTER.fullmatch(chr(min(code, 0x110000 - 1))) else ""
    if code := html.entities.name2codepoint.get(name, 0):
        return f"&#{code};"
    return f"&amp;{found[0][1:]}"
