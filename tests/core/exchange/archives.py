"""Small archives, as they come: made up, with the flaws of real ones."""

import gzip
from pathlib import Path
from typing import Any

from service.core.exchange.files import File

_WXR_BEGIN = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/">
<channel>
<title>Treaty blog</title>
<atom:link rel="hub" href="https://blog.example.org/" />
<language>en</language>
<item>
<title>What the treaty means</title>
<link>https://blog.example.org/treaty</link>
<content:encoded><![CDATA[Exports hold <wp:comment><wp:comment_id>999</wp:comment_id></wp:comment>.]]></content:encoded>
<wp:post_id>9</wp:post_id>
<wp:post_date_gmt>2019-05-01 08:00:00</wp:post_date_gmt>
"""
# What follows goes into the file unquoted.
RAW = "raw:"
WXR_END = "</item>\n</channel>\n</rss>\n"


def wordpress_comment(number: int = 1, **fields: str) -> str:
    """Fields are named without `comment_`, and quoted (CDATA) unless they begin with `RAW`."""
    known = {
        "id": str(number),
        "author": "Aiko",
        "author_email": "aiko@example.org",
        "author_IP": "203.0.113.7",
        "date_gmt": "2020-01-02 03:04:05",
        "content": f"Comment {number}.",
        "approved": "1",
        "type": "comment",
        "parent": "0",
        **fields,
    }
    written = "".join(f"<wp:comment_{name}>{_quoted(value)}</wp:comment_{name}>\n" for name, value in known.items())
    return f"<wp:comment>\n{written}</wp:comment>\n"


def wxr(*comments: str, end: str = WXR_END) -> str:
    return _WXR_BEGIN + "".join(comments) + end


def disqus(*posts: str) -> str:
    return f"""<?xml version="1.0" encoding="utf-8"?>
<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">
<thread dsq:id="77">
<id>/treaty</id>
<link>https://blog.example.org/treaty</link>
<title>What the treaty means</title>
<createdAt>2019-05-01T08:00:00Z</createdAt>
<author><name>Noor</name><username>noor</username></author>
</thread>
{"".join(posts)}</disqus>
"""


def disqus_post(number: int = 1, **fields: str) -> str:
    known = {
        "message": f"<p>Comment {number}.</p>",
        "createdAt": "2020-01-02T03:04:05Z",
        "isDeleted": "false",
        "isSpam": "false",
        "ipAddress": "203.0.113.7",
        **fields,
    }
    written = "".join(f"<{name}>{_quoted(value)}</{name}>\n" for name, value in known.items())
    author = "<author><name>Aiko</name><isAnonymous>true</isAnonymous></author>"
    return f'<post dsq:id="{number}">\n{written}{author}<thread dsq:id="77" />\n<parent dsq:id="5" />\n</post>\n'


def file(folder: Path, content: str | bytes, name: str = "archive.xml") -> File:
    return File(written(folder, content, name))


def written(folder: Path, content: str | bytes, name: str = "archive.xml") -> Path:
    """`name` with .gz: gzipped."""
    path = folder / name
    raw = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def texts(found: Any) -> list[str]:
    return [entry.fields["text"] for entry in found]


def _quoted(value: str) -> str:
    return value.removeprefix(RAW) if value.startswith(RAW) else f"<![CDATA[{value}]]>"
