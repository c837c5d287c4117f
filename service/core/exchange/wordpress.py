"""Comments of a WordPress export (WXR, "WordPress eXtended RSS")."""

from collections.abc import Iterator

from service.core.exchange import entries, records
from service.core.exchange.entries import Entry
from service.core.exchange.files import File
from service.core.exchange.records import Scanner

NOT_PEOPLE = "no comments by people or blogs (%s), left out"

_POST = ("title", "link", "wp:post_id", "wp:post_date_gmt")
_KINDS = {"": "comment", "comment": "comment", "review": "review", "pingback": "pingback", "trackback": "trackback"}


def read(file: File, *, keep_ip: bool = False) -> Iterator[Entry]:
    """Each comment with what is known of its post. Shops' notes and the like are left out, and so are addresses."""
    post: dict[str, str] = {}
    language = ""
    for tag, record in Scanner(file, ("language", *_POST, "wp:comment"), "rss").records():
        found = records.parse(record, file)
        if found is None:
            continue
        if tag == "language":
            language = found[""]
        elif tag == "wp:comment":
            if comment := _comment(found, file):
                yield _entry(comment, {**post, "language": language}, keep_ip=keep_ip)
        else:
            # The title comes first in each post.
            post = {**({} if tag == "title" else post), tag: found[""]}


def _comment(found: dict[str, str], file: File) -> dict[str, str] | None:
    """The fields without their prefix; None for what no reader of the blog has written."""
    comment = {name.removeprefix("wp:comment_"): value.strip() for name, value in found.items()}
    kind = comment.get("type", "")
    if kind in _KINDS:
        return comment
    file.damage[NOT_PEOPLE % kind[:40]] += 1
    return None


def _entry(comment: dict[str, str], post: dict[str, str], *, keep_ip: bool) -> Entry:
    # WordPress writes 0000-00-00 where it does not know the time in UTC.
    posted_at = entries.time(comment.get("date_gmt")) or entries.time(comment.get("date"))
    parent = comment.get("parent", "0")
    known = {
        "text": comment.get("content"),
        "type": _KINDS[comment.get("type", "")],
        "author_name": comment.get("author"),
        "author_email": comment.get("author_email"),
        "author_url": comment.get("author_url"),
        "author_ip": comment.get("author_IP") if keep_ip else None,
        "permalink": post.get("link"),
        "post_id": post.get("wp:post_id"),
        "post_title": post.get("title"),
        "post_published_at": entries.time(post.get("wp:post_date_gmt")),
        "parent_id": parent if parent != "0" else None,
        "language": post["language"],
        "posted_at": posted_at,
    }
    fields = {name: value for name, value in known.items() if value}
    return Entry(comment.get("id", ""), fields, comment.get("approved", ""))
