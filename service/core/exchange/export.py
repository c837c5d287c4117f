"""Giving everything back: a site's comments as JSON lines, CSV or WXR, oldest first, a few hundred at a time."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from xml.sax import saxutils

from pydantic_core import to_json
from sqlalchemy import Table, select

from service.core.db import Database
from service.core.exchange import spreadsheets, statuses
from service.core.exchange.files import UNWANTED
from service.core.models import Comment
from service.core.submissions import Submission

Row = Mapping[str, Any]

_COMMENTS: Table = Comment.__table__  # type: ignore[attr-defined]
_CHUNK = 500
_ALIASES = {name: field.alias or name for name, field in Submission.model_fields.items()}
_DECIDED = ("status", "category", "decided_at", "decided_by", "created_at", "id")


def rows(database: Database, site_id: UUID) -> Iterator[dict[str, Any]]:
    """The columns of each comment. Each chunk is a transaction of its own: on SQLite a long one would stop writers."""
    last = UUID(int=0)
    while True:
        mine = (_COMMENTS.c.site_id == site_id) & ~_COMMENTS.c.transient
        query = select(_COMMENTS).where(mine, _COMMENTS.c.id > last)
        with database.reading() as session:
            chunk = [dict(row) for row in session.execute(query.order_by(_COMMENTS.c.id).limit(_CHUNK)).mappings()]
        if not chunk:
            return
        yield from chunk
        last = chunk[-1]["id"]


def jsonl(site: str, comments: Iterable[Row]) -> Iterator[str]:
    """An object a line, with the verdict; what is not there is left out."""
    for comment in comments:
        told = {"site": site, **_told(comment), "verdict": comment["verdict"]}
        yield to_json({name: value for name, value in told.items() if value not in (None, {})}).decode() + "\n"


def csv_lines(site: str, comments: Iterable[Row]) -> Iterator[str]:
    """A header, and a line a comment; a cell that a spreadsheet would run begins with a `'`."""
    yield spreadsheets.line(["site", *_ALIASES.values(), *_DECIDED], end="\n")
    for comment in comments:
        told = {**_told(comment), "metadata": to_json(comment["extra"]).decode() if comment["extra"] else ""}
        yield spreadsheets.line([site, *told.values()], end="\n")


def wxr(site: str, comments: Iterable[Row]) -> Iterator[str]:
    """What a WordPress export says of comments, their statuses above all. A post comes once for each run of its own."""
    yield _WXR_BEGIN % saxutils.escape(_in_xml(site))
    for _, of_post in itertools.groupby(comments, lambda comment: comment["post_id"]):
        first, *others = of_post
        yield _item(first)
        for comment in (first, *others):
            yield _wxr_comment(comment)
        yield "</item>\n"
    yield "</channel>\n</rss>\n"


FORMATS: dict[str, Callable[[str, Iterable[Row]], Iterator[str]]] = {"jsonl": jsonl, "csv": csv_lines, "wxr": wxr}


def _told(comment: Row) -> dict[str, Any]:
    content = {alias: comment[name] for name, alias in _ALIASES.items()}
    return content | {name: comment[name] for name in _DECIDED}


_WXR_BEGIN = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
<title>%s</title>
<wp:wxr_version>1.2</wp:wxr_version>
"""


def _item(comment: Row) -> str:
    post = {
        "title": comment["post_title"],
        "link": comment["permalink"],
        "wp:post_id": comment["post_id"],
        "wp:post_date_gmt": _gmt(comment["post_published_at"]),
        "wp:post_type": "post",
    }
    return "<item>\n" + "".join(_element(name, value) for name, value in post.items())


def _wxr_comment(comment: Row) -> str:
    kind = comment["type"]
    fields = {
        "id": comment["external_id"] or str(comment["id"]),
        "author": comment["author_name"],
        "author_email": comment["author_email"],
        "author_url": comment["author_url"],
        "author_IP": comment["author_ip"],
        "date_gmt": _gmt(comment["posted_at"] or comment["created_at"]),
        "content": comment["text"],
        "approved": statuses.in_wordpress(comment["status"], comment["category"]),
        "type": "" if kind == "reply" else kind,
        "parent": comment["parent_id"] or "0",
    }
    written = "".join(_element(f"wp:comment_{name}", value) for name, value in fields.items())
    return f"<wp:comment>\n{written}</wp:comment>\n"


def _gmt(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _element(name: str, text: str | None) -> str:
    quoted = _in_xml(text or "").replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{quoted}]]></{name}>\n"


def _in_xml(text: str) -> str:
    return UNWANTED.sub("", text)
